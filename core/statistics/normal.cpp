#include "physprobe/core/statistics/normal.h"

#include <array>
#include <cmath>
#include <limits>

namespace physprobe {

namespace {

/// c[0] x^(n-1) + … + c[n-1].
template <std::size_t n>
double polynomial(const std::array<double, n>& coefficients, double x) {
  double value = 0.0;
  for (const double c : coefficients) value = value * x + c;
  return value;
}

/// Acklam's approximation for p in (0, 0.5], relative error below 1.15e-9.
double rational_approximation(double p) {
  constexpr std::array<double, 6> kCentralNumerator = {
      -3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
      1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  constexpr std::array<double, 6> kCentralDenominator = {
      -5.447609879822406e+01, 1.615858368580409e+02,  -1.556989798598866e+02,
      6.680131188771972e+01,  -1.328068155288572e+01, 1.0};
  constexpr std::array<double, 6> kTailNumerator = {-7.784894002430293e-03, -3.223964580411365e-01,
                                                    -2.400758277161838e+00, -2.549732539343734e+00,
                                                    4.374664141464968e+00,  2.938163982698783e+00};
  constexpr std::array<double, 5> kTailDenominator = {7.784695709041462e-03, 3.224671290700398e-01,
                                                      2.445134137142996e+00, 3.754408661907416e+00,
                                                      1.0};
  constexpr double kTailBelow = 0.02425;
  if (p < kTailBelow) {
    const double q = std::sqrt(-2.0 * std::log(p));
    return polynomial(kTailNumerator, q) / polynomial(kTailDenominator, q);
  }
  const double q = p - 0.5;
  const double r = q * q;
  return polynomial(kCentralNumerator, r) * q / polynomial(kCentralDenominator, r);
}

}  // namespace

double normal_cdf(double z) {
  constexpr double kInverseSqrtTwo = 0.70710678118654752440;
  return 0.5 * std::erfc(-z * kInverseSqrtTwo);
}

double normal_quantile(double p) {
  if (!(p >= 0.0 && p <= 1.0)) return std::numeric_limits<double>::quiet_NaN();
  if (p == 0.0) return -std::numeric_limits<double>::infinity();
  if (p == 1.0) return std::numeric_limits<double>::infinity();
  if (p == 0.5) return 0.0;
  // Worked in the lower half, where the CDF has no cancellation; 1 - p is exact for p in [0.5, 1].
  const bool is_upper = p > 0.5;
  const double tail = is_upper ? 1.0 - p : p;
  double z = rational_approximation(tail);
  constexpr double kSqrtTwoPi = 2.50662827463100050242;
  // In the far tail exp(z z / 2) would overflow; the approximation stands there (p below 1e-300).
  if (z > -37.0) {
    const double step = (normal_cdf(z) - tail) * kSqrtTwoPi * std::exp(0.5 * z * z);
    z -= step / (1.0 + 0.5 * z * step);
  }
  return is_upper ? -z : z;
}

}  // namespace physprobe
