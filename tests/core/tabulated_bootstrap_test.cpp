#include "physprobe/core/statistics/tabulated_bootstrap.h"

#include <cmath>
#include <numeric>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::throws_error;
using Method = BootstrapOptions::Method;

BootstrapOptions options_of(Method method, uint64_t seed = 0) {
  BootstrapOptions options;
  options.method = method;
  options.seed = seed;
  return options;
}

// The same data resampled unit by unit. Both ends are quantiles of 9,999 random resamples: two
// independent draws of such a quantile differ by a standard error of about
// sqrt(2 p (1 - p) / 9999) / density = 0.0022 at n = 200; 0.01 is more than four of these.
TEST(TabulatedBootstrap, AgreesWithResamplingUnitByUnit) {
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) values.push_back(i < 70 ? 1.0 : i < 90 ? 0.5 : 0.0);
  TabulatedStratum stratum;
  stratum.cells = {{1.0, 1.0, 70}, {0.5, 1.0, 20}, {0.0, 1.0, 110}};
  for (const Method method : {Method::kPercentile, Method::kBca}) {
    const Interval fast = bootstrap_tabulated({stratum}, options_of(method));
    const Interval plain = bootstrap_mean(values, options_of(method, 5));
    EXPECT_NEAR(fast.low, plain.low, 0.01);
    EXPECT_NEAR(fast.high, plain.high, 0.01);
    EXPECT_EQ(fast.method, plain.method);
    EXPECT_EQ(fast.n, 200);
  }
}

TEST(TabulatedBootstrap, StatisticIsTheWeightedSumOfRatios) {
  TabulatedStratum a;
  a.cells = {{2.0, 2.0, 3}, {1.0, 2.0, 1}};
  a.weight = 0.25;
  TabulatedStratum b;
  b.cells = {{1.0, 1.0, 1}, {0.0, 1.0, 3}};
  b.weight = 0.75;
  EXPECT_NEAR(tabulated_statistic({a, b}), 0.25 * 7.0 / 8.0 + 0.75 * 0.25, 1e-15);
  const Interval interval = bootstrap_tabulated({a, b}, options_of(Method::kBca));
  EXPECT_LT(interval.low, tabulated_statistic({a, b}));
  EXPECT_GT(interval.high, tabulated_statistic({a, b}));
  EXPECT_EQ(interval.n, 8);
}

// Strata are resampled on their own: without variation inside them nothing varies.
TEST(TabulatedBootstrap, StrataKeepTheirSizes) {
  TabulatedStratum right;
  right.cells = {{1.0, 1.0, 50}};
  right.weight = 0.5;
  TabulatedStratum wrong;
  wrong.cells = {{0.0, 1.0, 50}};
  wrong.weight = 0.5;
  const Interval interval = bootstrap_tabulated({right, wrong}, options_of(Method::kBca));
  EXPECT_EQ(interval.low, 0.5);
  EXPECT_EQ(interval.high, 0.5);
  EXPECT_EQ(interval.method, "percentile");
}

TEST(TabulatedBootstrap, NumbersDependOnTheSeedOnly) {
  TabulatedStratum stratum;
  stratum.cells = {{1.0, 1.0, 924}, {0.0, 1.0, 1938}};
  const Interval first = bootstrap_tabulated({stratum}, options_of(Method::kBca, 3));
  const Interval again = bootstrap_tabulated({stratum}, options_of(Method::kBca, 3));
  const Interval other = bootstrap_tabulated({stratum}, options_of(Method::kBca, 4));
  EXPECT_EQ(first.low, again.low);
  EXPECT_EQ(first.high, again.high);
  EXPECT_FALSE(first.low == other.low && first.high == other.high);
}

TEST(TabulatedBootstrap, NothingOrOneUnitHasNoInterval) {
  EXPECT_EQ(bootstrap_tabulated({}, {}).method, "none");
  TabulatedStratum one;
  one.cells = {{1.0, 1.0, 1}, {0.0, 1.0, 0}};
  EXPECT_EQ(bootstrap_tabulated({one}, {}).method, "none");
  EXPECT_TRUE(std::isnan(tabulated_statistic({})));
  TabulatedStratum negative;
  negative.cells = {{1.0, 1.0, -1}};
  EXPECT_TRUE(
      throws_error(ErrorKind::kInternal, "-1", [&] { bootstrap_tabulated({negative}, {}); }));
}

TEST(MultinomialDraw, KeepsTheTotalAndEmptyCellsEmpty) {
  Rng rng(2);
  std::vector<int64_t> drawn;
  for (int i = 0; i < 100; ++i) {
    multinomial_draw(rng, {5, 0, 12, 3, 0}, drawn);
    EXPECT_EQ(std::accumulate(drawn.begin(), drawn.end(), int64_t{0}), 20);
    EXPECT_EQ(drawn[1], 0);
    EXPECT_EQ(drawn[4], 0);
  }
}

}  // namespace
}  // namespace physprobe
