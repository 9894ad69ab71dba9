#include "physprobe/datasets/worlds/texture.h"

#include "physprobe/core/rng.h"

#include <array>
#include <cmath>

namespace physprobe {

namespace {

constexpr int64_t kFinestSpacing = 4;
constexpr int64_t kCoarsestSpacing = 64;

/// Weights of the four lattice nodes around a point at `fraction` of the way from the second to
/// the third (uniform cubic B-spline).
template <typename Real>
std::array<Real, 4> spline_weights(Real fraction) {
  const Real rest = 1 - fraction;
  const Real square = fraction * fraction;
  return {rest * rest * rest / 6, (3 * square * fraction - 6 * square + 4) / 6,
          (-3 * square * fraction + 3 * square + 3 * fraction + 1) / 6, square * fraction / 6};
}

/// Rows of `lattice` (`rows`, `nodes`), each refined to kPeriod samples, written transposed: two
/// calls refine both directions.
std::vector<double> refine_transposed(const std::vector<double>& lattice,
                                      int64_t rows,
                                      int64_t nodes) {
  const int64_t period = NoiseTexture::kPeriod;
  const int64_t spacing = period / nodes;
  std::vector<double> refined(static_cast<std::size_t>(period * rows));
  for (int64_t i = 0; i < period; ++i) {
    const auto weights =
        spline_weights(static_cast<double>(i % spacing) / static_cast<double>(spacing));
    for (int64_t row = 0; row < rows; ++row) {
      double sum = 0.0;
      for (int64_t tap = 0; tap < 4; ++tap) {
        const int64_t node = (i / spacing + tap + nodes - 1) % nodes;
        sum += weights[static_cast<std::size_t>(tap)] *
               lattice[static_cast<std::size_t>(row * nodes + node)];
      }
      refined[static_cast<std::size_t>(i * rows + row)] = sum;
    }
  }
  return refined;
}

/// Shifts and scales to zero mean and unit (population) variance.
void standardise(std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  const double mean = sum / static_cast<double>(values.size());
  double squares = 0.0;
  for (double& value : values) {
    value -= mean;
    squares += value * value;
  }
  const double scale = std::sqrt(static_cast<double>(values.size()) / squares);
  for (double& value : values) value *= scale;
}

}  // namespace

NoiseTexture::NoiseTexture(uint64_t seed) {
  Rng rng(seed);
  std::vector<double> total(static_cast<std::size_t>(kPeriod * kPeriod), 0.0);
  for (int64_t spacing = kFinestSpacing; spacing <= kCoarsestSpacing; spacing *= 2) {
    const int64_t nodes = kPeriod / spacing;
    std::vector<double> lattice(static_cast<std::size_t>(nodes * nodes));
    for (double& value : lattice) value = rng.normal();
    std::vector<double> octave =
        refine_transposed(refine_transposed(lattice, nodes, nodes), kPeriod, nodes);
    standardise(octave);
    for (std::size_t i = 0; i < total.size(); ++i) total[i] += octave[i];
  }
  standardise(total);
  values_.assign(total.begin(), total.end());
}

float NoiseTexture::at(float u, float v) const {
  static_assert((kPeriod & (kPeriod - 1)) == 0, "the period must be a power of two");
  constexpr int64_t kMask = kPeriod - 1;
  const float column_floor = std::floor(u);
  const float row_floor = std::floor(v);
  const auto column_weights = spline_weights(u - column_floor);
  const auto row_weights = spline_weights(v - row_floor);
  const int64_t column = static_cast<int64_t>(column_floor) - 1;
  const int64_t row = static_cast<int64_t>(row_floor) - 1;
  float sum = 0.0F;
  for (int64_t j = 0; j < 4; ++j) {
    const float* line = values_.data() + ((row + j) & kMask) * kPeriod;
    float line_sum = 0.0F;
    for (int64_t i = 0; i < 4; ++i) {
      line_sum += column_weights[static_cast<std::size_t>(i)] * line[(column + i) & kMask];
    }
    sum += row_weights[static_cast<std::size_t>(j)] * line_sum;
  }
  return sum;
}

}  // namespace physprobe
