#pragma once
// Which frames of a video are looked at: pure arithmetic from VideoInfo to indices, one function
// per published scheme. Indices are ascending and may repeat a frame; nothing is padded silently.

#include "physprobe/video/frame_reader.h"

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

struct SampledFrames {
  std::vector<int64_t> indices;  ///< Into the video, non-decreasing, T of them.
  std::vector<double>
      times_seconds;  ///< Requested time of each sample (pts for index-based schemes).
  int64_t n_distinct = 0;
};

/// Every frame.
SampledFrames sample_all(const VideoInfo& info);
/// n frames at round-half-even(i * (count - 1) / (n - 1)); n = 1 takes the middle one.
SampledFrames sample_uniform(const VideoInfo& info, int64_t n);
/// The frame on screen at begin + i / fps for every such time before the end.
SampledFrames sample_fps(const VideoInfo& info, double fps);
/// ReStraV (Interno et al. 2025): n times over a centred window, float32 arithmetic, tail repeats
/// the last time. Throws Error(kInput) when the window does not start inside the stream.
SampledFrames sample_restrav(const VideoInfo& info, int64_t n = 24, double window_seconds = 2.0);
/// n consecutive frames at the video's own rate, centred; Error(kInput) when the video is shorter.
SampledFrames sample_native(const VideoInfo& info, int64_t n);

/// What a suite names: scheme "all" | "uniform" | "fps" | "restrav" | "native".
struct SamplingSpec {
  std::string scheme = "restrav";
  int64_t n = 24;
  double fps = 0.0;
  double window_seconds = 2.0;
  void validate() const;          ///< Throws Error(kUsage).
  std::string canonical() const;  ///< For cache keys: only the fields the scheme uses.
};
SampledFrames sample_frames(const VideoInfo& info, const SamplingSpec& spec);

}  // namespace physprobe
