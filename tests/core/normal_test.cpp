#include "physprobe/core/statistics/normal.h"

#include <cmath>
#include <limits>

namespace physprobe {
namespace {

// Values of tables with more digits than a double holds (Abramowitz and Stegun 26.2; Wichura 1988,
// AS 241).
// One or two units in the last place are erfc's own accuracy.
TEST(Normal, CdfMatchesTables) {
  EXPECT_EQ(normal_cdf(0.0), 0.5);
  EXPECT_NEAR(normal_cdf(1.0), 0.84134474606854294859, 2.3e-16);
  EXPECT_NEAR(normal_cdf(-2.0), 0.02275013194817920721, 2e-17);
  EXPECT_NEAR(normal_cdf(-10.0) / 7.619853024160526066e-24, 1.0, 1e-14);
}

TEST(Normal, QuantileMatchesTables) {
  EXPECT_EQ(normal_quantile(0.5), 0.0);
  EXPECT_NEAR(normal_quantile(0.975), 1.95996398454005423552, 1e-15);
  EXPECT_NEAR(normal_quantile(0.995), 2.57582930354890076103, 1e-15);
  EXPECT_NEAR(normal_quantile(0.25), -0.67448975019608174320, 1e-15);
  EXPECT_NEAR(normal_quantile(0.001), -3.09023230616781354152, 1e-14);
  EXPECT_NEAR(normal_quantile(1e-20), -9.26234008979840757956, 1e-13);
}

TEST(Normal, QuantileInvertsTheCdf) {
  // One unit in the last place of p moves z by about eps / (density * z / p): 1e-13 covers this
  // range.
  for (double p = 1e-12; p < 1.0; p = p < 0.01 ? p * 1.7 : p + 0.00317) {
    EXPECT_NEAR(normal_cdf(normal_quantile(p)) / p, 1.0, 1e-13) << p;
  }
}

TEST(Normal, QuantileIsOdd) {
  for (const double p : {0.25, 0.125, 0.0078125})
    EXPECT_EQ(normal_quantile(p), -normal_quantile(1.0 - p));
}

TEST(Normal, QuantileIsMonotonicWhereTheBranchesMeet) {
  double previous = normal_quantile(0.0242);
  for (double p = 0.0242; p < 0.0243; p += 1e-7) {
    const double z = normal_quantile(p);
    ASSERT_GE(z, previous) << p;
    previous = z;
  }
}

TEST(Normal, EndsAndBeyond) {
  EXPECT_EQ(normal_quantile(0.0), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(normal_quantile(1.0), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(normal_quantile(-0.1)));
  EXPECT_TRUE(std::isnan(normal_quantile(1.1)));
  EXPECT_TRUE(std::isnan(normal_quantile(std::nan(""))));
  EXPECT_NEAR(normal_quantile(1e-305), -37.3, 0.1);  // finite in the far tail
  EXPECT_TRUE(std::isfinite(normal_quantile(5e-324)));
}

}  // namespace
}  // namespace physprobe
