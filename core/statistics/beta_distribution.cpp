#include "physprobe/core/statistics/beta_distribution.h"

#include <cmath>
#include <math.h>

namespace physprobe {
namespace {

/// The continued fraction of I_x(a, b), converging fast for x < (a + 1) / (a + b + 2).
double continued_fraction(double x, double a, double b) {
  constexpr int kMostSteps = 100'000;
  constexpr double kTiny = 1e-300;
  constexpr double kEnough = 1e-16;
  double c = 1.0;
  double d = 1.0 - (a + b) * x / (a + 1.0);
  d = 1.0 / (std::abs(d) < kTiny ? kTiny : d);
  double value = d;
  for (int step = 1; step <= kMostSteps; ++step) {
    const double m = step;
    const auto advance = [&](double coefficient) {
      d = 1.0 + coefficient * d;
      c = 1.0 + coefficient / c;
      d = 1.0 / (std::abs(d) < kTiny ? kTiny : d);
      if (std::abs(c) < kTiny) c = kTiny;
      value *= d * c;
    };
    advance(m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)));
    advance(-(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)));
    if (std::abs(d * c - 1.0) < kEnough) break;
  }
  return value;
}

}  // namespace

double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

double beta_cdf(double x, double a, double b) {
  if (!(x > 0.0)) return 0.0;
  if (x >= 1.0) return 1.0;
  const double front = std::exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * std::log(x) +
                                b * std::log1p(-x));
  if (x < (a + 1.0) / (a + b + 2.0)) return front * continued_fraction(x, a, b) / a;
  return 1.0 - front * continued_fraction(1.0 - x, b, a) / b;
}

double beta_quantile(double p, double a, double b) {
  if (!(p > 0.0)) return 0.0;
  if (p >= 1.0) return 1.0;
  double low = 0.0;
  double high = 1.0;
  while (true) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) return middle;
    (beta_cdf(middle, a, b) < p ? low : high) = middle;
    if (high - low < 1e-15 * high) return 0.5 * (low + high);
  }
}

}  // namespace physprobe
