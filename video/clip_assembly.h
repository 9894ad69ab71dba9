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
  void for_each_band(const std::vector<int64_t>& ascending_indices,
                     const std::function<bool(const FrameBand&)>& body) override;
  Clip read_played_at(const std::vector<double>& times_seconds) override;

 protected:
  /// Writes frame `index` of info() as packed RGB, (height, width, 3) uint8, to `out`.
  virtual void read_frame(int64_t index, uint8_t* out) = 0;
  /// Hands frame `index` out in bands, until `body` returns false; false then. By default one band.
  virtual bool read_bands(int64_t index, const std::function<bool(const FrameBand&)>& body);

  VideoInfo info_;
  VideoOptions options_;

 private:
  void check_index(int64_t index) const;
  void check_ascending(const std::vector<int64_t>& indices) const;
  std::vector<uint8_t> whole_;  // a frame handed out in one band
};

}  // namespace physprobe
