#pragma once
// Smooth random textures with the statistics of natural surfaces: equal variance in every octave
// (an amplitude spectrum of about 1/f) and nothing finer than a few pixels. Internal to worlds.

#include <cstdint>
#include <vector>

namespace physprobe {

/// A periodic grey texture of zero mean and unit variance.
class NoiseTexture {
 public:
  /// Side of the texture's period, pixels.
  static constexpr int64_t kPeriod = 256;

  /// Sum of cubic B-spline surfaces over lattices of normal deviates spaced 4, 8, … 64 pixels, each
  /// of equal variance: twice differentiable, so that a small motion changes pixels smoothly.
  explicit NoiseTexture(uint64_t seed);

  /// Value at (u, v) in pixels, interpolated by a cubic B-spline and continued periodically.
  float at(float u, float v) const;

 private:
  std::vector<float> values_;  ///< (kPeriod, kPeriod) row-major.
};

}  // namespace physprobe
