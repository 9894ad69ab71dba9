#pragma once
// What the report shows of a clip: a film strip and a short low-rate video, written into the run so
// that the report needs neither the videos nor a model.

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// Collects small copies of the sampled frames while they pass, in bounded memory.
class ReportMedia {
 public:
  /// `sampled`: the distinct sampled indices, ascending. At most `strip_frames` go on the strip, at
  /// most 48 into the clip, evenly chosen.
  ReportMedia(const std::vector<int64_t>& sampled, int64_t strip_frames, bool with_clip);

  /// Frame (H, W, 3) uint8 RGB of this index; ignored when not chosen.
  void add(int64_t index, double pts_seconds, const at::Tensor& frame);

  /// Writes "<stem>.jpg" (frames side by side, 96 pixels high) and, when asked for, of two frames
  /// or more and where FFmpeg can write what browsers play, "<stem>.mp4" (or .webm; the shorter
  /// side at most 144 pixels, as long as what was sampled) under `directory`. Returns the `media`
  /// object of docs/run_format.md, paths prefixed by `prefix`.
  nlohmann::ordered_json write(const std::string& directory,
                               const std::string& stem,
                               const std::string& prefix) const;

 private:
  std::vector<int64_t> strip_indices_;
  std::vector<int64_t> clip_indices_;
  bool with_clip_;
  std::vector<at::Tensor> strip_;
  std::vector<at::Tensor> clip_;
  std::vector<double> clip_pts_;
};

}  // namespace physprobe
