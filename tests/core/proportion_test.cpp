#include "physprobe/core/statistics/proportion.h"

#include <cmath>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::throws_error;

// Newcombe 1998 (Statistics in Medicine 17, table I, method 3), printed to four digits.
TEST(Wilson, MatchesNewcombesTable) {
  const auto expect_interval = [](double successes, int64_t n, double low, double high) {
    const Interval interval = wilson_interval(successes, n);
    EXPECT_NEAR(interval.low, low, 5e-5) << successes << "/" << n;
    EXPECT_NEAR(interval.high, high, 5e-5) << successes << "/" << n;
    EXPECT_EQ(interval.n, n);
    EXPECT_EQ(interval.method, "wilson");
    EXPECT_EQ(interval.level, 0.95);
  };
  expect_interval(81, 263, 0.2553, 0.3662);
  expect_interval(15, 148, 0.0624, 0.1605);
  expect_interval(0, 20, 0.0, 0.1611);
  expect_interval(1, 29, 0.0061, 0.1718);
}

TEST(Wilson, EndsAreExactAndSymmetric) {
  EXPECT_EQ(wilson_interval(0, 7).low, 0.0);
  EXPECT_EQ(wilson_interval(7, 7).high, 1.0);
  EXPECT_NEAR(wilson_interval(7, 7).low, 1.0 - wilson_interval(0, 7).high, 1e-15);
  EXPECT_LT(wilson_interval(1, 1).low, 1.0);
}

TEST(Wilson, HalfSuccessesCountTies) {
  EXPECT_GT(wilson_interval(2.5, 5).low, wilson_interval(2, 5).low);
  EXPECT_NEAR(wilson_interval(2.5, 5).low + wilson_interval(2.5, 5).high, 1.0, 1e-15);
}

TEST(Wilson, NothingCountedHasNoInterval) {
  const Interval interval = wilson_interval(0, 0);
  EXPECT_TRUE(std::isnan(interval.low));
  EXPECT_TRUE(std::isnan(interval.high));
  EXPECT_EQ(interval.method, "none");
  EXPECT_EQ(interval.n, 0);
}

TEST(Wilson, RefusesImpossibleCountsAndLevels) {
  EXPECT_TRUE(
      throws_error(ErrorKind::kInternal, "6 successes of 5", [] { wilson_interval(6, 5); }));
  EXPECT_TRUE(throws_error(ErrorKind::kInternal, "-1", [] { wilson_interval(-1, 5); }));
  EXPECT_TRUE(
      throws_error(ErrorKind::kUsage, "statistics.level", [] { wilson_interval(1, 5, 1.0); }));
}

// Newcombe 1998, table I, method 5, printed to four digits.
TEST(ClopperPearson, MatchesNewcombesTable) {
  const auto expect_interval = [](int64_t successes, int64_t n, double low, double high) {
    const Interval interval = clopper_pearson_interval(successes, n);
    EXPECT_NEAR(interval.low, low, 5e-5) << successes << "/" << n;
    EXPECT_NEAR(interval.high, high, 5e-5) << successes << "/" << n;
    EXPECT_EQ(interval.method, "clopper-pearson");
  };
  expect_interval(81, 263, 0.2527, 0.3676);
  expect_interval(15, 148, 0.0578, 0.1617);
  expect_interval(0, 20, 0.0, 0.1684);
  expect_interval(1, 29, 0.0009, 0.1776);
}

TEST(ClopperPearson, ClosesTheEndsAndContainsWilson) {
  EXPECT_EQ(clopper_pearson_interval(0, 7).low, 0.0);
  EXPECT_EQ(clopper_pearson_interval(7, 7).high, 1.0);
  EXPECT_EQ(clopper_pearson_interval(0, 0).method, "none");
  EXPECT_LT(clopper_pearson_interval(20, 60).low, wilson_interval(20, 60).low);
  EXPECT_TRUE(throws_error(ErrorKind::kInternal, "6 successes of 5",
                           [] { clopper_pearson_interval(6, 5); }));
}

}  // namespace
}  // namespace physprobe
