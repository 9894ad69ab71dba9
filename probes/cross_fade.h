#pragma once
// The matched unnatural control: the float cross-fade between a clip's own end frames (Henaff et al. 2019).

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace physprobe {

/// Frame i of n of the fade: (1 - t) first + t last, t = i / (n - 1), in float32 on preprocessed frames of any shape.
at::Tensor cross_fade_frame(const at::Tensor& first, const at::Tensor& last, int64_t index, int64_t count);

}  // namespace physprobe
