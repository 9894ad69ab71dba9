#include "physprobe/core/statistics/effect_size.h"

#include "physprobe/core/statistics/beta_distribution.h"
#include "physprobe/core/statistics/normal.h"

#include <cmath>
#include <limits>

namespace physprobe {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Moments {
  double n = 0.0;
  double mean = kNan;
  double variance = kNan;  // with n - 1
};

Moments moments(const std::vector<double>& sample) {
  Moments result;
  result.n = static_cast<double>(sample.size());
  if (sample.empty()) return result;
  double sum = 0.0;
  for (const double value : sample) sum += value;
  result.mean = sum / result.n;
  if (sample.size() < 2) return result;
  double squares = 0.0;
  for (const double value : sample) squares += (value - result.mean) * (value - result.mean);
  result.variance = squares / (result.n - 1.0);
  return result;
}

double pooled_variance(const Moments& a, const Moments& b) {
  return ((a.n - 1.0) * a.variance + (b.n - 1.0) * b.variance) / (a.n + b.n - 2.0);
}

TTest t_test(double difference, double standard_error, double degrees_of_freedom) {
  if (!(standard_error > 0.0)) return {kNan, degrees_of_freedom, kNan, kNan, kNan};
  TTest test;
  test.t = difference / standard_error;
  test.degrees_of_freedom = degrees_of_freedom;
  test.less_p = student_cdf(test.t, degrees_of_freedom);
  test.greater_p = student_cdf(-test.t, degrees_of_freedom);
  test.two_sided_p = 2.0 * student_cdf(-std::abs(test.t), degrees_of_freedom);
  return test;
}

}  // namespace

double student_cdf(double t, double degrees_of_freedom) {
  // Abramowitz and Stegun 26.7.1: the tail is half an incomplete beta function.
  const double x = degrees_of_freedom / (degrees_of_freedom + t * t);
  const double tail = 0.5 * beta_cdf(x, 0.5 * degrees_of_freedom, 0.5);
  return t <= 0.0 ? tail : 1.0 - tail;
}

EffectSize hedges_g(const std::vector<double>& first, const std::vector<double>& second) {
  const Moments a = moments(first);
  const Moments b = moments(second);
  const double n = a.n + b.n;
  const double spread = std::sqrt(pooled_variance(a, b));
  if (!(spread > 0.0)) return {kNan, kNan};
  const double correction = 1.0 - 3.0 / (4.0 * n - 9.0);
  EffectSize effect;
  effect.g = correction * (a.mean - b.mean) / spread;
  effect.half_width =
      normal_quantile(0.975) * std::sqrt(n / (a.n * b.n) + effect.g * effect.g / (2.0 * n));
  return effect;
}

TTest welch_t_test(const std::vector<double>& first, const std::vector<double>& second) {
  const Moments a = moments(first);
  const Moments b = moments(second);
  const double of_a = a.variance / a.n;
  const double of_b = b.variance / b.n;
  const double degrees =
      (of_a + of_b) * (of_a + of_b) / (of_a * of_a / (a.n - 1.0) + of_b * of_b / (b.n - 1.0));
  return t_test(a.mean - b.mean, std::sqrt(of_a + of_b), degrees);
}

TTest student_t_test(const std::vector<double>& first, const std::vector<double>& second) {
  const Moments a = moments(first);
  const Moments b = moments(second);
  return t_test(a.mean - b.mean, std::sqrt(pooled_variance(a, b) * (1.0 / a.n + 1.0 / b.n)),
                a.n + b.n - 2.0);
}

TTest one_sample_t_test(const std::vector<double>& sample, double mean) {
  const Moments a = moments(sample);
  return t_test(a.mean - mean, std::sqrt(a.variance / a.n), a.n - 1.0);
}

}  // namespace physprobe
