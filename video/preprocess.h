#pragma once
// Applies a PreprocessSpec. Resampling is exact to Pillow (uint8) and LibTorch (float); see
// resample.h.

#include "physprobe/core/preprocess_spec.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>

namespace physprobe {

/// One frame (H, W, 3) uint8 RGB -> (C, h, w) float32, C = 3 or 1 (ColourRule::kLuma).
at::Tensor preprocess_frame(const at::Tensor& frame, const PreprocessSpec& spec);

/// (T, H, W, 3) uint8 -> (T, C, h, w) float32, frames in parallel (`threads` 0 = default).
at::Tensor preprocess_frames(const at::Tensor& frames, const PreprocessSpec& spec, int threads = 0);

/// Height and width that `spec` gives to a frame of this size.
std::pair<int64_t, int64_t> preprocessed_size(int64_t height,
                                              int64_t width,
                                              const PreprocessSpec& spec);

}  // namespace physprobe
