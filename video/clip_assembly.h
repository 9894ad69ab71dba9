#pragma once
// What all readers do alike around decoding: checks of requested indices, each distinct frame
// decoded once, frames on screen at given times. Internal to `video/`.

#include "physprobe/video/video_reader.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace physprobe {

/// Base of both readers: subclasses give one frame at a time, cheapest in ascending order.
class FrameByFrameReader : public VideoReader {
 public:
  const VideoInfo& info() const override { return info_; }
  Clip read(const std::vector<int64_t>& indices) override;
  void for_each(const std::vector<int64_t>& ascending_indices,
                const std::function<bool(int64_t, double, const at::Tensor&)>& body) override;
  Clip read_played_at(const std::vector<double>& times_seconds) override;

 protected:
  /// Writes frame `index` of info() as packed RGB, (height, width, 3) uint8, to `out`.
  virtual void read_frame(int64_t index, uint8_t* out) = 0;

  VideoInfo info_;
  VideoOptions options_;

 private:
  void check_index(int64_t index) const;
};

}  // namespace physprobe
