#pragma once
// Everything one tap accumulates over one clip: the geometry of the flattened tap, the pooled
// vectors for GeoPhys, and as many whole vectors as the shuffled null needs.

#include "physprobe/probes/trajectory.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

class TapTrajectory {
 public:
  /// Whole vectors of samples [keep_begin, keep_end) are kept for the shuffled null.
  TapTrajectory(std::string tap, int64_t keep_begin, int64_t keep_end);

  /// `flat`: the tap's tokens of one frame, any shape; `pooled`: its GeoPhys vector; shown
  /// `repeats` times.
  void add(const at::Tensor& flat, const at::Tensor& pooled, int64_t repeats);

  const std::string& tap() const { return tap_; }
  TrajectoryGeometry geometry() const { return accumulator_.finish(); }
  at::Tensor pooled_trajectory() const;  ///< (T, P) float32.
  at::Tensor kept_vectors() const;       ///< (keep_end - keep_begin, D) float32.
  bool has_kept_vectors() const { return !kept_.empty(); }

 private:
  std::string tap_;
  int64_t keep_begin_;
  int64_t keep_end_;
  int64_t seen_ = 0;
  TrajectoryAccumulator accumulator_;
  std::vector<at::Tensor> pooled_;
  std::vector<at::Tensor> kept_;
};

}  // namespace physprobe
