#pragma once
// Frames of a video as tensors: frame_reader.h, which says what is read and how, for those who
// compute with LibTorch.

#include "physprobe/core/clip.h"
#include "physprobe/video/frame_reader.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace physprobe {

/// Not thread-safe; one reader per thread.
class VideoReader {
 public:
  /// As FrameReader::open, errors included.
  static std::unique_ptr<VideoReader> open(const std::string& path,
                                           const VideoOptions& options = {});
  explicit VideoReader(std::unique_ptr<FrameReader> frames) : frames_(std::move(frames)) {}

  const VideoInfo& info() const { return frames_->info(); }

  /// Frames at these indices in the order given (repeats allowed; each distinct frame is decoded
  /// once).
  Clip read(const std::vector<int64_t>& indices);

  /// Calls `body(index, pts_seconds, frame (H, W, 3) uint8 RGB)` for each index of an ASCENDING
  /// list without repeats, in bounded memory; `body` returns false to stop.
  void for_each(const std::vector<int64_t>& ascending_indices,
                const std::function<bool(int64_t, double, const at::Tensor&)>& body);

  /// FrameReader::for_each_band.
  void for_each_band(const std::vector<int64_t>& ascending_indices,
                     const std::function<bool(const FrameBand&)>& body) {
    frames_->for_each_band(ascending_indices, body);
  }

  /// The frames on screen at these times: frame i is shown while pts[i] <= t < pts[i+1]. Throws
  /// Error(kUsage) for t < first pts or t >= end_seconds.
  Clip read_played_at(const std::vector<double>& times_seconds);

 private:
  std::unique_ptr<FrameReader> frames_;
};

}  // namespace physprobe
