#include "physprobe/datasets/worlds/texture.h"

#include <gtest/gtest.h>

#include <cmath>

namespace physprobe {
namespace {

/// Mean squared difference between points `step` pixels apart, over the whole period.
double structure(const NoiseTexture& texture, int64_t step) {
  double sum = 0.0;
  for (int64_t row = 0; row < NoiseTexture::kPeriod; ++row) {
    for (int64_t column = 0; column < NoiseTexture::kPeriod; ++column) {
      const double difference =
          texture.at(static_cast<float>(column + step), static_cast<float>(row)) -
          texture.at(static_cast<float>(column), static_cast<float>(row));
      sum += difference * difference;
    }
  }
  return sum / static_cast<double>(NoiseTexture::kPeriod * NoiseTexture::kPeriod);
}

TEST(NoiseTexture, HasZeroMeanAndNearlyUnitVariance) {
  const NoiseTexture texture(3);
  double sum = 0.0;
  double squares = 0.0;
  for (int64_t row = 0; row < NoiseTexture::kPeriod; ++row) {
    for (int64_t column = 0; column < NoiseTexture::kPeriod; ++column) {
      const double value = texture.at(static_cast<float>(column), static_cast<float>(row));
      sum += value;
      squares += value * value;
    }
  }
  const double count = static_cast<double>(NoiseTexture::kPeriod * NoiseTexture::kPeriod);
  EXPECT_NEAR(sum / count, 0.0, 1e-4);  // float sums
  // The interpolating spline is not quite interpolating: it smooths the finest octave away a
  // little.
  EXPECT_GT(squares / count, 0.8);
  EXPECT_LT(squares / count, 1.0);
}

TEST(NoiseTexture, IsPeriodicAndSmooth) {
  const NoiseTexture texture(3);
  const auto period = static_cast<float>(NoiseTexture::kPeriod);
  EXPECT_EQ(texture.at(10.25F, 20.5F), texture.at(10.25F - period, 20.5F + 2.0F * period));
  for (float u = 0.0F; u < 8.0F; u += 0.37F) {
    const float slope_left = texture.at(u, 5.0F) - texture.at(u - 0.01F, 5.0F);
    const float slope_right = texture.at(u + 0.01F, 5.0F) - texture.at(u, 5.0F);
    EXPECT_NEAR(slope_left, slope_right, 1e-3F) << u;  // no kink anywhere
  }
}

TEST(NoiseTexture, EveryOctaveCarriesVariance) {
  // With equal variance per octave each doubling of the distance decorrelates one octave more;
  // below the finest lattice (4 pixels) there is nothing left to decorrelate but the spline's own
  // curve.
  const NoiseTexture texture(3);
  double previous = structure(texture, 2);
  for (const int64_t step : {4, 8, 16}) {
    const double current = structure(texture, step);
    EXPECT_GT(current - previous, 0.1) << step;
    previous = current;
  }
  EXPECT_LT(structure(texture, 1), 0.05);
}

TEST(NoiseTexture, SeedsGiveDifferentTextures) {
  EXPECT_EQ(NoiseTexture(1).at(1.5F, 2.5F), NoiseTexture(1).at(1.5F, 2.5F));
  EXPECT_NE(NoiseTexture(1).at(1.5F, 2.5F), NoiseTexture(2).at(1.5F, 2.5F));
}

}  // namespace
}  // namespace physprobe
