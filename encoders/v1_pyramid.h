#pragma once
// The complex steerable pyramid: one grey image to oriented bands per octave, in the frequency
// domain with periodic borders (Henaff et al. 2019, v1_encoder.md section 3). Internal.

#include "physprobe/encoders/v1_filters.h"

#include <ATen/core/Tensor.h>

#include <vector>

namespace physprobe {

struct PyramidBands {
  at::Tensor highpass;            ///< (H, W) float32 residual, not part of v1.
  std::vector<at::Tensor> bands;  ///< Per scale (K, H/2^n, W/2^n) complex64: even + i odd.
  at::Tensor lowpass;             ///< (H/2^N, W/2^N) float32 residual, not part of v1.
};

/// The whole transform of `image` (H, W) float32. Sums of squares of highpass, even bands and
/// lowpass add up to the image's own (tight frame).
PyramidBands steerable_pyramid(const at::Tensor& image, const PyramidFilters& filters);

/// Number of floats `pyramid_energy` writes: K * sum over scales of the level's area.
int64_t pyramid_energy_size(const PyramidFilters& filters);

/// even^2 + odd^2 of `image` (H, W) float32, written finest scale first, then orientation, row,
/// column.
void pyramid_energy(const at::Tensor& image, const PyramidFilters& filters, float* energy);

}  // namespace physprobe
