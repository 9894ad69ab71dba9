#include "physprobe/core/statistics/binomial.h"

#include "physprobe/core/error.h"
#include "physprobe/core/statistics/beta_distribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace physprobe {
namespace {

void require_valid(int64_t k, int64_t n, double p) {
  if (n < 0 || k < 0 || k > n || !(p >= 0.0 && p <= 1.0)) {
    throw Error(
        ErrorKind::kInternal, "binomial",
        fmt::format("{} of {} with probability {}; expected 0 to n and a probability", k, n, p));
  }
}

/// P[X = 0..n], by the ratio of neighbours outwards from the mode: no cancellation, one
/// exponential.
std::vector<double> all_probabilities(int64_t n, double p) {
  std::vector<double> pmf(static_cast<std::size_t>(n) + 1, 0.0);
  if (p <= 0.0 || p >= 1.0) {
    (p <= 0.0 ? pmf.front() : pmf.back()) = 1.0;
    return pmf;
  }
  const int64_t mode =
      std::min(n, static_cast<int64_t>(std::floor(static_cast<double>(n + 1) * p)));
  const double odds = p / (1.0 - p);
  pmf[static_cast<std::size_t>(mode)] = binomial_pmf(mode, n, p);
  for (int64_t k = mode; k < n; ++k) {
    pmf[static_cast<std::size_t>(k) + 1] = pmf[static_cast<std::size_t>(k)] * odds *
                                           static_cast<double>(n - k) / static_cast<double>(k + 1);
  }
  for (int64_t k = mode; k > 0; --k) {
    pmf[static_cast<std::size_t>(k) - 1] = pmf[static_cast<std::size_t>(k)] / odds *
                                           static_cast<double>(k) / static_cast<double>(n - k + 1);
  }
  return pmf;
}

/// Sums probabilities in ascending order, so that small ones are not lost.
double sum_of(std::vector<double> probabilities) {
  std::sort(probabilities.begin(), probabilities.end());
  double sum = 0.0;
  for (const double probability : probabilities) sum += probability;
  return std::min(1.0, sum);
}

/// log(k!) minus its Stirling approximation.
double stirling_tail(double k) {
  static constexpr std::array<double, 10> kSmall = {
      0.0810614667953272,  0.0413406959554092, 0.0276779256849983, 0.02079067210376509,
      0.0166446911898211,  0.0138761288230707, 0.0118967099458917, 0.0104112652619720,
      0.00925546218271273, 0.00833056343336287};
  if (k <= 9.0) return kSmall[static_cast<std::size_t>(k)];
  const double next_squared = (k + 1.0) * (k + 1.0);
  return (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / next_squared) / next_squared) / (k + 1.0);
}

int64_t draw_by_inversion(Rng& rng, int64_t n, double p) {
  const double odds = p / (1.0 - p);
  const double none = std::exp(static_cast<double>(n) * std::log1p(-p));
  while (true) {
    double left = rng.uniform();
    double probability = none;
    for (int64_t k = 0; k <= n; ++k) {
      if (left < probability) return k;
      left -= probability;
      probability *= odds * static_cast<double>(n - k) / static_cast<double>(k + 1);
    }
  }
}

/// p <= 0.5 and n p >= 10.
int64_t draw_by_rejection(Rng& rng, int64_t count, double p) {
  const double n = static_cast<double>(count);
  const double deviation = std::sqrt(n * p * (1.0 - p));
  const double b = 1.15 + 2.53 * deviation;
  const double a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double center = n * p + 0.5;
  const double accepted_at_once = 0.92 - 4.2 / b;
  const double odds = p / (1.0 - p);
  const double alpha = (2.83 + 5.1 / b) * deviation;
  const double mode = std::floor((n + 1.0) * p);
  while (true) {
    const double u = rng.uniform() - 0.5;
    double v = 1.0 - rng.uniform();  // in (0, 1]
    const double us = 0.5 - std::abs(u);
    const double k = std::floor((2.0 * a / us + b) * u + center);
    if (us >= 0.07 && v <= accepted_at_once) return static_cast<int64_t>(k);
    if (!(k >= 0.0 && k <= n)) continue;
    v = std::log(v * alpha / (a / (us * us) + b));
    const double bound = (mode + 0.5) * std::log((mode + 1.0) / (odds * (n - mode + 1.0))) +
                         (n + 1.0) * std::log((n - mode + 1.0) / (n - k + 1.0)) +
                         (k + 0.5) * std::log(odds * (n - k + 1.0) / (k + 1.0)) +
                         stirling_tail(mode) + stirling_tail(n - mode) - stirling_tail(k) -
                         stirling_tail(n - k);
    if (v <= bound) return static_cast<int64_t>(k);
  }
}

}  // namespace

double binomial_pmf(int64_t k, int64_t n, double p) {
  if (k < 0 || k > n) return 0.0;
  if (p <= 0.0) return k == 0 ? 1.0 : 0.0;
  if (p >= 1.0) return k == n ? 1.0 : 0.0;
  const double successes = static_cast<double>(k);
  const double failures = static_cast<double>(n - k);
  return std::exp(log_gamma(successes + failures + 1.0) - log_gamma(successes + 1.0) -
                  log_gamma(failures + 1.0) + successes * std::log(p) + failures * std::log1p(-p));
}

double binomial_cdf(int64_t k, int64_t n, double p) {
  if (k < 0) return 0.0;
  if (k >= n) return 1.0;
  std::vector<double> pmf = all_probabilities(n, p);
  pmf.resize(static_cast<std::size_t>(k) + 1);
  return sum_of(std::move(pmf));
}

BinomialTest binomial_test(int64_t k, int64_t n, double p) {
  require_valid(k, n, p);
  const std::vector<double> pmf = all_probabilities(n, p);
  const auto at = pmf.begin() + static_cast<std::ptrdiff_t>(k);
  BinomialTest test;
  test.less_p = sum_of({pmf.begin(), at + 1});
  test.greater_p = sum_of({at, pmf.end()});
  std::vector<double> unlikely;
  const double limit = *at * (1.0 + 1e-7);
  for (const double probability : pmf) {
    if (probability <= limit) unlikely.push_back(probability);
  }
  test.two_sided_p = sum_of(std::move(unlikely));
  return test;
}

int64_t binomial_draw(Rng& rng, int64_t n, double p) {
  if (n <= 0 || p <= 0.0) return 0;
  if (p >= 1.0) return n;
  if (p > 0.5) return n - binomial_draw(rng, n, 1.0 - p);
  return static_cast<double>(n) * p < 10.0 ? draw_by_inversion(rng, n, p)
                                           : draw_by_rejection(rng, n, p);
}

}  // namespace physprobe
