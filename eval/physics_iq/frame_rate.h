#pragma once
// Frame-rate conversion of real clips as the official evaluator does it: linear interpolation
// between neighbouring frames, first and last frame kept, truncated to 8 bits, written as H.264.

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// Output frame j is (1 - weight) of frame `index` and `weight` of the next.
struct BlendedFrame {
  int64_t index = 0;
  double weight = 0.0;
};

/// The mapping for a clip of `frame_count` frames at `source_fps` to `target_fps`, of at most five
/// seconds; `frames_read` receives the number of source frames used. One output frame is the first
/// (the reference divides by zero).
std::vector<BlendedFrame> frame_rate_mapping(int64_t frame_count,
                                             double source_fps,
                                             double target_fps,
                                             int64_t& frames_read);

/// float32 products and sum, truncated towards zero.
void blend_frames(const uint8_t* a, const uint8_t* b, double weight, int64_t count, uint8_t* out);

/// Writes `source` at `target_fps` to `target` (mp4; H.264, crf 23 and preset medium as the
/// reference, but by one thread and without macroblock tree, so that every machine with the same
/// libraries writes the same clip; an odd last row or column is left out), atomically. Throws
/// Error(kInput), Error(kResource); Error(kUsage) if FFmpeg has no H.264 encoder.
void convert_frame_rate(const std::string& source, const std::string& target, double target_fps);

}  // namespace physprobe
