#include "physprobe/core/statistics/holm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace physprobe {
namespace {

// By hand: sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1 is 0.04, 0.06, 0.06, 0.04, made monotone.
TEST(Holm, AdjustsStepDown) {
  const std::vector<double> adjusted = holm_adjusted({0.04, 0.01, 0.03, 0.02});
  EXPECT_NEAR(adjusted[0], 0.06, 1e-15);
  EXPECT_NEAR(adjusted[1], 0.04, 1e-15);
  EXPECT_NEAR(adjusted[2], 0.06, 1e-15);
  EXPECT_NEAR(adjusted[3], 0.06, 1e-15);
}

TEST(Holm, NeverExceedsOneAndLeavesNanAlone) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> adjusted = holm_adjusted({0.9, nan, 0.8});
  EXPECT_EQ(adjusted[0], 1.0);
  EXPECT_TRUE(std::isnan(adjusted[1]));
  EXPECT_EQ(adjusted[2], 1.0);
  EXPECT_TRUE(holm_adjusted({}).empty());
  EXPECT_EQ(holm_adjusted({0.3})[0], 0.3);
}

}  // namespace
}  // namespace physprobe
