#pragma once
// Physics-IQ's motion masks by plain loops over pixels, straight from their definition: what the
// fast ones are checked against before they are timed. Internal to the benchmarks.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace physprobe {

class PlainMotionMask {
 public:
  /// Feeds the next frame, (height, width, 3) uint8 RGB, and returns how many pixels its mask has
  /// at a quarter of the size (height and width are multiples of 4).
  int64_t quarter_area(const at::Tensor& frame);

 private:
  std::vector<double> background_;
};

}  // namespace physprobe
