#include "physprobe/core/statistics/beta_distribution.h"

#include <gtest/gtest.h>

#include <cmath>

namespace physprobe {
namespace {

// Closed forms: I_x(1, b) = 1 - (1 - x)^b, I_x(a, 1) = x^a, and symmetry.
TEST(BetaDistribution, MatchesClosedForms) {
  for (const double x : {1e-6, 0.03, 0.25, 0.5, 0.77, 0.999}) {
    for (const double n : {1.0, 2.0, 7.0, 60.0, 3000.0}) {
      // The stated error: lgamma of thousands has an ulp of 1e-12, relative to I itself.
      EXPECT_NEAR(beta_cdf(x, 1.0, n), -std::expm1(n * std::log1p(-x)), 1e-12) << x << " " << n;
      EXPECT_NEAR(beta_cdf(x, n, 1.0), std::pow(x, n), 1e-12) << x << " " << n;
    }
    EXPECT_NEAR(beta_cdf(x, 5.0, 9.0), 1.0 - beta_cdf(1.0 - x, 9.0, 5.0), 1e-13);
  }
  EXPECT_NEAR(beta_cdf(0.5, 4604.0, 4604.0), 0.5, 1e-11);  // lgamma(9208) has 11 digits to spare
  EXPECT_EQ(beta_cdf(0.0, 2.0, 3.0), 0.0);
  EXPECT_EQ(beta_cdf(1.0, 2.0, 3.0), 1.0);
}

TEST(BetaDistribution, QuantileInvertsTheDistribution) {
  for (const double p : {0.001, 0.025, 0.5, 0.975}) {
    for (const auto& [a, b] : {std::pair{1.0, 60.0}, {23.0, 38.0}, {900.0, 8309.0}}) {
      EXPECT_NEAR(beta_cdf(beta_quantile(p, a, b), a, b), p, 1e-12) << p << " " << a << " " << b;
    }
  }
  EXPECT_EQ(beta_quantile(0.0, 2.0, 3.0), 0.0);
  EXPECT_EQ(beta_quantile(1.0, 2.0, 3.0), 1.0);
}

}  // namespace
}  // namespace physprobe
