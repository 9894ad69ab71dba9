#include "physprobe/eval/tap_trajectory.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/stack.h>

namespace physprobe {

TapTrajectory::TapTrajectory(std::string tap, int64_t keep_begin, int64_t keep_end)
    : tap_(std::move(tap)), keep_begin_(keep_begin), keep_end_(keep_end) {}

void TapTrajectory::add(const at::Tensor& flat, const at::Tensor& pooled, int64_t repeats) {
  const at::Tensor vector = flat.reshape({-1});
  const at::Tensor small = pooled.reshape({-1}).clone();
  at::Tensor whole;
  for (int64_t r = 0; r < repeats; ++r, ++seen_) {
    if (r == 0) {
      accumulator_.add(vector);
    } else {
      accumulator_.repeat();
    }
    pooled_.push_back(small);
    if (seen_ >= keep_begin_ && seen_ < keep_end_) {
      if (!whole.defined()) whole = vector.clone();
      kept_.push_back(whole);
    }
  }
}

at::Tensor TapTrajectory::pooled_trajectory() const {
  return at::stack(pooled_);
}

at::Tensor TapTrajectory::kept_vectors() const {
  return at::stack(kept_);
}

}  // namespace physprobe
