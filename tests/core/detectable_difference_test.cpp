#include "physprobe/core/statistics/detectable_difference.h"

#include "physprobe/core/statistics/normal.h"

#include <gtest/gtest.h>

#include <cmath>

namespace physprobe {
namespace {

// The defining equation must hold at the answer.
TEST(DetectableDifference, SolvesConnorsEquation) {
  for (const double discordant : {0.05, 0.3, 0.9}) {
    const double d = detectable_paired_difference(1000, discordant);
    const double n = std::pow((normal_quantile(0.975) * std::sqrt(discordant) +
                               normal_quantile(0.8) * std::sqrt(discordant - d * d)) /
                                  d,
                              2.0);
    EXPECT_NEAR(n, 1000.0, 1e-6) << discordant;  // the bisection ends at the last bits of d
  }
}

TEST(DetectableDifference, ShrinksWithMoreUnits) {
  EXPECT_LT(detectable_paired_difference(4000, 0.3), detectable_paired_difference(1000, 0.3));
  EXPECT_LT(detectable_difference_from(0.25, 4000), detectable_difference_from(0.25, 1000));
}

TEST(DetectableDifference, MatchesTheOneSampleFormula) {
  const double d = detectable_difference_from(0.25, 500);
  const double p1 = 0.25 + d;
  const double n = std::pow((normal_quantile(0.975) * std::sqrt(0.25 * 0.75) +
                             normal_quantile(0.8) * std::sqrt(p1 * (1.0 - p1))) /
                                d,
                            2.0);
  EXPECT_NEAR(n, 500.0, 1e-6);
}

TEST(DetectableDifference, IsUndefinedWhenNothingCouldBeFound) {
  EXPECT_TRUE(std::isnan(detectable_paired_difference(5, 0.2)));
  EXPECT_TRUE(std::isnan(detectable_paired_difference(100, 0.0)));
  EXPECT_TRUE(std::isnan(detectable_difference_from(0.25, 1)));
}

}  // namespace
}  // namespace physprobe
