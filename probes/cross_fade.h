#pragma once
// The matched unnatural control: the float cross-fade between a clip's own end frames (Henaff et
// al. 2019).

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace physprobe {

/// Frame i of n of the fade: (1 - t) first + t last, t = i / (n - 1), in float32 on preprocessed
/// frames of any shape. Float and not 8 bits: rounding alone bends a fade by about 15 degrees a
/// step. The end frames are returned exactly. Throws Error(kInput) for frames of unequal shape or
/// of an integer type, Error(kUsage) unless 0 <= index < count >= 2.
at::Tensor cross_fade_frame(const at::Tensor& first,
                            const at::Tensor& last,
                            int64_t index,
                            int64_t count);

}  // namespace physprobe
