#include "physprobe/core/statistics/summary.h"

#include <cmath>
#include <limits>

namespace physprobe {
namespace {

TEST(Summary, SumKeepsDigitsThatANaiveSumLoses) {
  // 10^6 times 0.1: a running sum is off by 1e-6, pairs by a few units in the last place.
  const std::vector<double> values(1'000'000, 0.1);
  EXPECT_NEAR(stable_sum(values), 100000.0, 1e-9);
  EXPECT_EQ(stable_sum({}), 0.0);
}

TEST(Summary, MeanAndVariance) {
  const std::vector<double> values = {2, 4, 4, 4, 5, 5, 7, 9};
  EXPECT_DOUBLE_EQ(mean(values), 5.0);
  EXPECT_DOUBLE_EQ(variance(values, 0), 4.0);
  EXPECT_DOUBLE_EQ(variance(values, 1), 32.0 / 7.0);
}

TEST(Summary, VarianceDoesNotCancelAroundALargeMean) {
  EXPECT_DOUBLE_EQ(variance({1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16}, 1), 30.0);
}

TEST(Summary, TooFewValuesGiveNan) {
  EXPECT_TRUE(std::isnan(mean({})));
  EXPECT_TRUE(std::isnan(variance({}, 0)));
  EXPECT_TRUE(std::isnan(variance({1.0}, 1)));
  EXPECT_EQ(variance({1.0}, 0), 0.0);
  EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
}

TEST(Summary, QuantileInterpolates) {
  const std::vector<double> values = {40, 10, 30, 20};
  EXPECT_EQ(quantile(values, 0.0), 10.0);
  EXPECT_EQ(quantile(values, 1.0), 40.0);
  EXPECT_EQ(quantile(values, 0.5), 25.0);
  EXPECT_DOUBLE_EQ(quantile(values, 0.1), 13.0);  // NumPy's default ("linear"), type 7
  EXPECT_EQ(quantile({7.0}, 0.3), 7.0);
}

TEST(Summary, QuantileNeverHidesNanOrABadProbability) {
  EXPECT_TRUE(std::isnan(quantile({1.0, std::nan(""), 2.0}, 0.0)));
  EXPECT_TRUE(std::isnan(quantile({1.0}, -0.1)));
  EXPECT_TRUE(std::isnan(quantile({1.0}, 1.1)));
  EXPECT_TRUE(std::isnan(quantile({1.0}, std::nan(""))));
}

}  // namespace
}  // namespace physprobe
