#pragma once
// Differences of means with their size: Hedges' g and Student's t tests.

#include <vector>

namespace physprobe {

struct EffectSize {
  double g = 0.0;           ///< Positive when the first sample's mean is larger.
  double half_width = 0.0;  ///< Of the 95 % interval, normal approximation.
};

/// Hedges' g = J (m1 - m2) / s_pooled with J = 1 - 3 / (4 (n1 + n2) - 9) and the half width
/// z sqrt((n1 + n2) / (n1 n2) + g^2 / (2 (n1 + n2))) (Hedges 1981), z = 1.959964. Needs two values
/// in each sample; NaN otherwise, or if neither varies.
EffectSize hedges_g(const std::vector<double>& first, const std::vector<double>& second);

struct TTest {
  double t = 0.0;
  double degrees_of_freedom = 0.0;
  double greater_p = 1.0;  ///< One-sided: the first mean (or the mean) is larger.
  double less_p = 1.0;
  double two_sided_p = 1.0;
};

/// Unequal variances (Welch 1947). All tests are NaN for samples of fewer than two values or
/// without variance.
TTest welch_t_test(const std::vector<double>& first, const std::vector<double>& second);
/// Pooled variance.
TTest student_t_test(const std::vector<double>& first, const std::vector<double>& second);
/// Mean of the sample against `mean`; a paired test is this test of the differences.
TTest one_sample_t_test(const std::vector<double>& sample, double mean = 0.0);

/// P[T <= t] of Student's distribution.
double student_cdf(double t, double degrees_of_freedom);

}  // namespace physprobe
