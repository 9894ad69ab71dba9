#pragma once
// Separable resampling, exact to the references (Pillow's fixed point, torch's float) and fast.

#include "physprobe/core/preprocess_spec.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace physprobe {

/// (H, W, C) uint8 -> (height, width, C) uint8; equal to Pillow's Image.resize byte for byte. A
/// pass whose size does not change is skipped.
at::Tensor resize_pillow(const at::Tensor& image,
                         int64_t height,
                         int64_t width,
                         ResampleFilter filter);

/// (H, W, C) uint8 divided by 255 -> (C, height, width) float32 with antialiasing, unclamped (torch
/// antialias=True; tolerance 1e-5).
at::Tensor resize_float_antialias(const at::Tensor& image,
                                  int64_t height,
                                  int64_t width,
                                  ResampleFilter filter);

/// The same without antialiasing (torch antialias=False, align_corners=False).
at::Tensor resize_float_plain(const at::Tensor& image,
                              int64_t height,
                              int64_t width,
                              ResampleFilter filter);

}  // namespace physprobe
