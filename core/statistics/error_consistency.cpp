#include "physprobe/core/statistics/error_consistency.h"

#include "physprobe/core/error.h"
#include "physprobe/core/not_a_number.h"
#include "physprobe/core/statistics/binomial.h"
#include "physprobe/core/statistics/resampled_interval.h"
#include "physprobe/core/statistics/tabulated_bootstrap.h"

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

double expected_of(double first, double second) {
  return first * second + (1.0 - first) * (1.0 - second);
}

bool is_inside(double accuracy) {
  return accuracy > 0.0 && accuracy < 1.0;
}

/// Gamma(shape, 1) for shape >= 1 (Marsaglia and Tsang 2000).
double gamma_draw(Rng& rng, double shape) {
  const double d = shape - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  while (true) {
    const double x = rng.normal();
    const double root = 1.0 + c * x;
    if (root <= 0.0) continue;
    const double v = root * root * root;
    const double u = 1.0 - rng.uniform();
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

double beta_draw(Rng& rng, double a, double b) {
  const double x = gamma_draw(rng, a);
  return x / (x + gamma_draw(rng, b));
}

}  // namespace

AgreementCounts count_agreement(const std::vector<uint8_t>& first,
                                const std::vector<uint8_t>& second) {
  if (first.size() != second.size())
    throw Error(ErrorKind::kInternal, "count_agreement", "two systems on different items");
  AgreementCounts counts;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i] != 0) {
      ++(second[i] != 0 ? counts.both : counts.only_first);
    } else {
      ++(second[i] != 0 ? counts.only_second : counts.neither);
    }
  }
  return counts;
}

double kappa_of(const AgreementCounts& counts) {
  const double n = static_cast<double>(counts.n());
  const double first = static_cast<double>(counts.both + counts.only_first) / n;
  const double second = static_cast<double>(counts.both + counts.only_second) / n;
  const double expected = expected_of(first, second);
  if (!(expected < 1.0)) return kNaN;
  const double observed = static_cast<double>(counts.both + counts.neither) / n;
  return observed == 1.0 ? 1.0 : (observed - expected) / (1.0 - expected);
}

ErrorConsistency error_consistency(const AgreementCounts& counts) {
  ErrorConsistency result;
  result.n = counts.n();
  const double n = static_cast<double>(result.n);
  const double a = static_cast<double>(counts.both + counts.only_first) / n;
  const double b = static_cast<double>(counts.both + counts.only_second) / n;
  result.first_accuracy = a;
  result.second_accuracy = b;
  result.expected = expected_of(a, b);
  result.observed = static_cast<double>(counts.both + counts.neither) / n;
  result.is_degenerate = result.n > 0 && !(result.expected < 1.0);
  result.kappa = result.is_degenerate ? 1.0 : kappa_of(counts);
  result.kappa_corrected = n * result.kappa / (n - 1.0 + result.kappa);
  result.kappa_possible = {kNaN, kNaN};
  result.copy_probability = kNaN;
  const double rest = 1.0 - result.expected;
  if (is_inside(a) && is_inside(b)) {
    const double most = std::min(a, b) + std::min(1.0 - a, 1.0 - b);
    const double least = 1.0 - std::min(a, 1.0 - b) - std::min(1.0 - a, b);
    result.kappa_possible = {(least - result.expected) / rest, (most - result.expected) / rest};
  }
  const double better = std::max(a, b);
  if (is_inside(better)) {
    result.copy_probability =
        result.kappa * rest / (1.0 - (better * better + (1.0 - better) * (1.0 - better)));
  }
  return result;
}

Range observed_consistency_range(double expected) {
  if (expected < 0.5) return {0.0, 1.0 - std::sqrt(1.0 - 2.0 * expected)};
  return {std::sqrt(2.0 * expected - 1.0), 1.0};
}

Range accuracy_range(double first_accuracy, double kappa) {
  const double a = first_accuracy;
  return {a * kappa / (2.0 * a * kappa - 2.0 * a - kappa + 2.0),
          a * (2.0 - kappa) / (kappa + 2.0 * a * (1.0 - kappa))};
}

KappaInterval kappa_interval(const AgreementCounts& counts, const BootstrapOptions& options) {
  options.validate();
  BootstrapOptions percentile = options;
  percentile.method = BootstrapOptions::Method::kPercentile;
  KappaInterval result;
  if (counts.n() < 2) {
    result.interval = resampled_interval({}, kNaN, kNaN, counts.n(), percentile);
    return result;
  }
  const std::vector<int64_t> cells = {counts.both, counts.only_first, counts.only_second,
                                      counts.neither};
  std::vector<int64_t> drawn;
  std::vector<double> kappas = independent_draws(options.resamples, options.seed, [&](Rng& rng) {
    multinomial_draw(rng, cells, drawn);
    return kappa_of({drawn[0], drawn[1], drawn[2], drawn[3]});
  });
  const auto defined =
      std::remove_if(kappas.begin(), kappas.end(), [](double kappa) { return std::isnan(kappa); });
  result.undefined_resamples = kappas.end() - defined;
  kappas.erase(defined, kappas.end());
  result.interval = resampled_interval(std::move(kappas), kNaN, kNaN, counts.n(), percentile);
  return result;
}

double independence_p_value(const AgreementCounts& counts, int64_t simulations, uint64_t seed) {
  const int64_t n = counts.n();
  const int64_t first = counts.both + counts.only_first;
  const int64_t second = counts.both + counts.only_second;
  if (first == 0 || first == n || second == 0 || second == n) return kNaN;
  const double limit = std::abs(kappa_of(counts));
  const auto as_double = [](int64_t count) { return static_cast<double>(count); };
  const auto exceeds = independent_draws(simulations, seed, [&](Rng& rng) {
    const double p1 = beta_draw(rng, as_double(first), as_double(n - first));
    const double p2 = beta_draw(rng, as_double(second), as_double(n - second));
    const int64_t first_right = binomial_draw(rng, n, p1);
    const int64_t both = binomial_draw(rng, first_right, p2);
    const int64_t only_second = binomial_draw(rng, n - first_right, p2);
    const double kappa =
        kappa_of({both, first_right - both, only_second, n - first_right - only_second});
    return std::abs(kappa) > limit ? 1.0 : 0.0;
  });
  return static_cast<double>(std::count(exceeds.begin(), exceeds.end(), 1.0)) /
         static_cast<double>(simulations);
}

}  // namespace physprobe
