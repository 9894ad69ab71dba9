#include "physprobe/core/statistics/binomial.h"

#include <cmath>
#include <vector>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::throws_error;

TEST(Binomial, SmallCasesAreExact) {
  EXPECT_NEAR(binomial_pmf(2, 4, 0.5), 6.0 / 16.0, 1e-15);
  EXPECT_NEAR(binomial_cdf(1, 3, 0.25), 0.84375, 1e-15);  // (27 + 27) / 64
  EXPECT_EQ(binomial_cdf(-1, 3, 0.25), 0.0);
  EXPECT_EQ(binomial_cdf(3, 3, 0.25), 1.0);
  EXPECT_EQ(binomial_pmf(0, 5, 0.0), 1.0);
  EXPECT_EQ(binomial_pmf(5, 5, 1.0), 1.0);
}

TEST(Binomial, TestCountsOutcomesNoMoreLikely) {
  // n = 4, p = 1/2, k = 3: outcomes 0, 1, 3, 4 are no more likely than 3.
  const BinomialTest test = binomial_test(3, 4, 0.5);
  EXPECT_NEAR(test.two_sided_p, 10.0 / 16.0, 1e-15);
  EXPECT_NEAR(test.greater_p, 5.0 / 16.0, 1e-15);
  EXPECT_NEAR(test.less_p, 15.0 / 16.0, 1e-15);
  EXPECT_EQ(binomial_test(0, 0, 0.25).two_sided_p, 1.0);
  EXPECT_EQ(binomial_test(2, 4, 0.5).two_sided_p, 1.0);
}

TEST(Binomial, LargeCountsKeepTheirTails) {
  // log10 of P[Bin(9208, 1/2) <= 3000] is far below double's smallest exponent of a naive product.
  const double tail = binomial_cdf(4000, 9208, 0.5);
  EXPECT_GT(tail, 0.0);
  EXPECT_LT(tail, 1e-30);
  EXPECT_NEAR(binomial_cdf(4604, 9208, 0.5), 0.5 + 0.5 * binomial_pmf(4604, 9208, 0.5), 1e-11);
}

TEST(Binomial, RefusesImpossibleCounts) {
  EXPECT_TRUE(throws_error(ErrorKind::kInternal, "5 of 4", [] { binomial_test(5, 4, 0.5); }));
}

// Draws against the distribution itself, both algorithms (n p below and above 10): chi-squared over
// cells of at least 5 expected; 1e-6 is crossed by chance once in a million seeds, and the seed is
// fixed.
TEST(Binomial, DrawsFollowTheDistribution) {
  struct Case {
    int64_t n;
    double p;
  };
  for (const Case& c : {Case{20, 0.3}, {2886, 0.3}, {2886, 0.999}, {100, 0.5}, {4000, 0.001}}) {
    constexpr int64_t kDraws = 20000;
    Rng rng(7);
    std::vector<int64_t> counts(static_cast<std::size_t>(c.n) + 1, 0);
    for (int64_t i = 0; i < kDraws; ++i) {
      const int64_t k = binomial_draw(rng, c.n, c.p);
      ASSERT_GE(k, 0);
      ASSERT_LE(k, c.n);
      ++counts[static_cast<std::size_t>(k)];
    }
    double chi_squared = 0.0;
    double cells = 0.0;
    double expected = 0.0;
    double seen = 0.0;
    for (int64_t k = 0; k <= c.n; ++k) {
      expected += kDraws * binomial_pmf(k, c.n, c.p);
      seen += static_cast<double>(counts[static_cast<std::size_t>(k)]);
      if (expected < 5.0 && k < c.n) continue;
      if (expected > 0.0) chi_squared += (seen - expected) * (seen - expected) / expected;
      cells += 1.0;
      expected = seen = 0.0;
    }
    // Wilson-Hilferty: a chi-squared variable's cube root is nearly normal.
    const double degrees = cells - 1.0;
    const double z = (std::cbrt(chi_squared / degrees) - (1.0 - 2.0 / (9.0 * degrees))) /
                     std::sqrt(2.0 / (9.0 * degrees));
    EXPECT_LT(z, 4.75) << c.n << " " << c.p;
  }
}

TEST(Binomial, DrawsAtTheEndsAreCertain) {
  Rng rng(1);
  EXPECT_EQ(binomial_draw(rng, 10, 0.0), 0);
  EXPECT_EQ(binomial_draw(rng, 10, 1.0), 10);
  EXPECT_EQ(binomial_draw(rng, 0, 0.5), 0);
}

}  // namespace
}  // namespace physprobe
