#include "physprobe/core/statistics/bootstrap.h"

#include "physprobe/core/rng.h"
#include "physprobe/core/statistics/summary.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <stdlib.h>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::throws_error;
using Method = BootstrapOptions::Method;

std::vector<double> normal_values(int64_t count, uint64_t seed, double center = 0.0) {
  Rng rng(seed);
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(center + rng.normal());
  return values;
}

BootstrapOptions options_of(Method method, int64_t resamples = 9999, uint64_t seed = 0) {
  BootstrapOptions options;
  options.method = method;
  options.resamples = resamples;
  options.seed = seed;
  return options;
}

TEST(Bootstrap, LargeSampleAgreesWithTheNormalInterval) {
  const std::vector<double> values = normal_values(2000, 1);
  const double center = mean(values);
  const double half_width = 1.959964 * std::sqrt(variance(values, 1) / 2000);
  for (const Method method : {Method::kBca, Method::kPercentile}) {
    const Interval interval = bootstrap_mean(values, options_of(method));
    // The ends of 9,999 resamples scatter by about 3 % of the half width.
    EXPECT_NEAR(interval.low, center - half_width, 0.1 * half_width);
    EXPECT_NEAR(interval.high, center + half_width, 0.1 * half_width);
    EXPECT_EQ(interval.n, 2000);
    EXPECT_EQ(interval.level, 0.95);
  }
}

// All 27 resamples of three values are equally likely; their means' quantiles are known exactly.
TEST(Bootstrap, PercentileOfThreeValuesMatchesTheEnumeration) {
  BootstrapOptions options = options_of(Method::kPercentile, 200'000);
  options.level = 0.8;
  const Interval interval = bootstrap_mean({0.0, 3.0, 12.0}, options);
  // Means: 0 (1/27), 1 (3/27), 2 (3/27), 3 (1/27), 4 (3/27), 5 (6/27), 6 (3/27), 8 (3), 9 (3), 12
  // (1). The 10 % and 90 % quantiles (2.7 and 24.3 of 27) lie inside the steps of 1 and 9.
  EXPECT_EQ(interval.low, 1.0);
  EXPECT_EQ(interval.high, 9.0);
  EXPECT_EQ(interval.method, "percentile");
}

// A skewed sample: BCa moves both ends towards the long tail (Efron and Tibshirani 1993,
// section 14.3).
TEST(Bootstrap, BcaShiftsTowardsTheLongTail) {
  Rng rng(5);
  std::vector<double> values;
  for (int i = 0; i < 40; ++i) values.push_back(std::exp(rng.normal()));
  const Interval bca = bootstrap_mean(values, options_of(Method::kBca));
  const Interval percentile = bootstrap_mean(values, options_of(Method::kPercentile));
  EXPECT_EQ(bca.method, "bca");
  EXPECT_GT(bca.low, percentile.low);
  EXPECT_GT(bca.high, percentile.high);
}

// An independent computation of the same definition from an own set of resamples.
TEST(Bootstrap, BcaMatchesItsDefinitionComputedSeparately) {
  const std::vector<double> values = {1.1, 0.3, 4.2, 0.9, 2.2, 7.5, 0.1, 1.8, 3.3, 0.6, 1.0, 12.0};
  const double n = 12.0, observed = mean(values);
  Rng rng(99);
  std::vector<double> means;
  for (int b = 0; b < 400'000; ++b) {
    double sum = 0.0;
    for (int i = 0; i < 12; ++i) sum += values[rng.below(12)];
    means.push_back(sum / n);
  }
  double below = 0.0, cubes = 0.0, squares = 0.0;
  for (const double m : means) below += m < observed ? 1.0 : (m == observed ? 0.5 : 0.0);
  for (const double v : values) {
    const double difference = observed - (n * observed - v) / (n - 1.0);
    cubes += -std::pow(-difference, 3);
    squares += difference * difference;
  }
  const double acceleration = cubes / (6.0 * std::pow(squares, 1.5));
  const auto cdf = [](double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); };
  double bias = -8.0;  // solved by bisection, independent of the quantile function
  for (double step = 8.0; step > 1e-12; step /= 2) {
    if (cdf(bias + step) < below / 400'000) bias += step;
  }
  const auto end = [&](double z) {
    return quantile(means, cdf(bias + (bias + z) / (1.0 - acceleration * (bias + z))));
  };
  const Interval interval = bootstrap_mean(values, options_of(Method::kBca, 400'000));
  // Two independent sets of 4e5 resamples: the ends' own scatter is about 0.01.
  EXPECT_NEAR(interval.low, end(-1.959963984540054), 0.03);
  EXPECT_NEAR(interval.high, end(1.959963984540054), 0.05);
}

TEST(Bootstrap, CoverageOfTheMeanIsNearItsLevel) {
  int covered = 0;
  for (uint64_t i = 0; i < 400; ++i) {
    const Interval interval =
        bootstrap_mean(normal_values(60, 1000 + i, 3.0), options_of(Method::kBca, 999, i));
    covered += interval.low <= 3.0 && 3.0 <= interval.high ? 1 : 0;
  }
  // Expected about 0.94 at n = 60; 400 draws have a standard error of 0.012.
  EXPECT_GT(covered, 400 * 0.90);
  EXPECT_LT(covered, 400 * 0.98);
}

TEST(Bootstrap, SameSeedSameBitsOtherSeedOther) {
  const std::vector<double> values = normal_values(50, 3);
  const Interval a = bootstrap_mean(values, options_of(Method::kBca, 999, 1));
  const Interval b = bootstrap_mean(values, options_of(Method::kBca, 999, 1));
  const Interval c = bootstrap_mean(values, options_of(Method::kBca, 999, 2));
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  EXPECT_NE(a.low, c.low);
}

TEST(Bootstrap, BitsDoNotDependOnThreads) {
  const std::vector<double> values = normal_values(2500, 3);  // large enough for the parallel path
  std::vector<Interval> intervals;
  const char* before = getenv("OMP_NUM_THREADS");
  const std::string saved = before == nullptr ? "" : before;
  for (const char* threads : {"1", "2", "7"}) {
    setenv("OMP_NUM_THREADS", threads, 1);
    intervals.push_back(bootstrap_mean(values, options_of(Method::kBca, 2000)));
  }
  if (before == nullptr) {
    unsetenv("OMP_NUM_THREADS");
  } else {
    setenv("OMP_NUM_THREADS", saved.c_str(), 1);
  }
  for (const Interval& interval : intervals) {
    EXPECT_EQ(interval.low, intervals[0].low);
    EXPECT_EQ(interval.high, intervals[0].high);
  }
}

TEST(Bootstrap, EqualValuesFallBackToPercentileAndSaySo) {
  const Interval interval = bootstrap_mean({2.0, 2.0, 2.0, 2.0}, options_of(Method::kBca, 99));
  EXPECT_EQ(interval.method, "percentile");
  EXPECT_EQ(interval.low, 2.0);
  EXPECT_EQ(interval.high, 2.0);
}

TEST(Bootstrap, FewerThanTwoUnitsHaveNoInterval) {
  for (const std::vector<double>& values : {std::vector<double>{}, std::vector<double>{1.0}}) {
    const Interval interval = bootstrap_mean(values, {});
    EXPECT_TRUE(std::isnan(interval.low));
    EXPECT_TRUE(std::isnan(interval.high));
    EXPECT_EQ(interval.method, "none");
    EXPECT_EQ(interval.n, static_cast<int64_t>(values.size()));
  }
}

TEST(Bootstrap, SingleClusterHasNoInterval) {
  const Interval interval = bootstrap_mean_clustered({1.0, 2.0, 3.0}, {"s", "s", "s"}, {});
  EXPECT_EQ(interval.method, "none");
  EXPECT_EQ(interval.n, 1);
}

TEST(Bootstrap, ClustersCountAsUnitsAndWidenTheInterval) {
  // Ten scenes of twenty equal values carry the information of ten values.
  std::vector<double> values;
  std::vector<std::string> clusters;
  const std::vector<double> scenes = normal_values(10, 8);
  for (std::size_t i = 0; i < 200; ++i) {
    values.push_back(scenes[i / 20]);
    clusters.push_back("scene" + std::to_string(i / 20));
  }
  const Interval clustered =
      bootstrap_mean_clustered(values, clusters, options_of(Method::kPercentile));
  const Interval of_scenes = bootstrap_mean(scenes, options_of(Method::kPercentile));
  const Interval naive = bootstrap_mean(values, options_of(Method::kPercentile));
  EXPECT_EQ(clustered.n, 10);
  EXPECT_GT(clustered.high - clustered.low, 3.0 * (naive.high - naive.low));
  EXPECT_NEAR(clustered.low, of_scenes.low, 1e-12);
  EXPECT_NEAR(clustered.high, of_scenes.high, 1e-12);
}

TEST(Bootstrap, ClustersOfUnequalSizeWeighByTheirMembers) {
  const Interval interval = bootstrap_mean_clustered({1.0, 1.0, 1.0, 0.0}, {"a", "a", "a", "b"},
                                                     options_of(Method::kPercentile, 20'000));
  // Resamples: aa (mean 1), ab (3/4, twice as likely), bb (0).
  EXPECT_EQ(interval.low, 0.0);
  EXPECT_EQ(interval.high, 1.0);
}

TEST(Bootstrap, OrderOfClustersDoesNotMatter) {
  const Interval a = bootstrap_mean_clustered({1, 2, 3, 4}, {"x", "y", "x", "z"}, {});
  const Interval b = bootstrap_mean_clustered({4, 2, 1, 3}, {"z", "y", "x", "x"}, {});
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
}

TEST(Bootstrap, RatioWithUnitDenominatorsIsTheMean) {
  const std::vector<double> values = normal_values(30, 4);
  const Interval ratio = bootstrap_ratio(values, std::vector<double>(30, 1.0), {});
  const Interval plain = bootstrap_mean(values, {});
  EXPECT_EQ(ratio.low, plain.low);
  EXPECT_EQ(ratio.high, plain.high);
}

TEST(Bootstrap, RatioOfProportionalPairsIsCertain) {
  const Interval interval = bootstrap_ratio({1.0, 2.0, 4.0}, {2.0, 4.0, 8.0}, {});
  EXPECT_EQ(interval.low, 0.5);
  EXPECT_EQ(interval.high, 0.5);
}

TEST(Bootstrap, RatioRedrawsResamplesWithoutDenominator) {
  const Interval interval =
      bootstrap_ratio({1.0, 0.0, 0.0}, {2.0, 0.0, 0.0}, options_of(Method::kBca, 500));
  EXPECT_EQ(interval.low, 0.5);
  EXPECT_EQ(interval.high, 0.5);
}

TEST(Bootstrap, BadInputIsNamed) {
  const double nan = std::nan("");
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "value 1 is nan", [&] {
    bootstrap_mean({1.0, nan}, {});
  }));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "denominator 0 is inf", [] {
    bootstrap_ratio({1.0}, {std::numeric_limits<double>::infinity()}, {});
  }));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "not all zero", [] {
    bootstrap_ratio({1.0, 1.0}, {0.0, 0.0}, {});
  }));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "must not be negative", [] {
    bootstrap_ratio({1.0, 1.0}, {3.0, -1.0}, {});
  }));
  EXPECT_TRUE(throws_error(ErrorKind::kInternal, "2 values but 1 cluster", [] {
    bootstrap_mean_clustered({1.0, 2.0}, {"a"}, {});
  }));
  EXPECT_TRUE(throws_error(ErrorKind::kInternal, "1 numerators but 2", [] {
    bootstrap_ratio({1.0}, {1.0, 2.0}, {});
  }));
}

TEST(Bootstrap, OptionsAreValidated) {
  BootstrapOptions options;
  EXPECT_NO_THROW(options.validate());
  options.resamples = 0;
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "statistics.resamples", [&] { options.validate(); }));
  options = {};
  for (const double level : {0.0, 1.0, std::nan("")}) {
    options.level = level;
    EXPECT_TRUE(throws_error(ErrorKind::kUsage, "statistics.level", [&] { options.validate(); }));
  }
}

}  // namespace
}  // namespace physprobe
