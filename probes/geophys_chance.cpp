#include "physprobe/probes/geophys_chance.h"

#include "physprobe/core/error.h"
#include "physprobe/core/statistics/summary.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace physprobe {
namespace {

void require_positive(int64_t value, const char* field) {
  if (value >= 1) return;
  throw Error(ErrorKind::kUsage, field, "is " + std::to_string(value) + ", expected at least 1");
}

}  // namespace

std::vector<double> binomial_distribution(int64_t n, double p) {
  if (n < 0 || !(p >= 0.0 && p <= 1.0)) {
    throw Error(ErrorKind::kUsage, "binomial distribution",
                "n is " + std::to_string(n) + " and p " + std::to_string(p) +
                    ", expected n >= 0 and p in [0, 1]");
  }
  const auto last = static_cast<size_t>(n);
  std::vector<double> weights(last + 1, 0.0);
  if (p == 0.0 || p == 1.0) {
    weights[p == 0.0 ? 0 : last] = 1.0;
    return weights;
  }
  // Outwards from the mode by the ratio of neighbours: nothing overflows, and what underflows is
  // nil.
  const double odds = p / (1.0 - p);
  const auto mode = std::min(last, static_cast<size_t>(p * static_cast<double>(n + 1)));
  weights[mode] = 1.0;
  for (size_t k = mode; k < last; ++k) {
    weights[k + 1] = weights[k] * odds * static_cast<double>(last - k) / static_cast<double>(k + 1);
  }
  for (size_t k = mode; k > 0; --k) {
    weights[k - 1] = weights[k] / odds * static_cast<double>(k) / static_cast<double>(last - k + 1);
  }
  const double sum = stable_sum(weights);
  for (double& weight : weights) weight /= sum;
  return weights;
}

double sign_test_two_sided(int64_t a, int64_t b) {
  const auto distribution = binomial_distribution(a + b, 0.5);
  double tail = 0.0;
  for (int64_t k = 0; k <= std::min(a, b); ++k) tail += distribution[static_cast<size_t>(k)];
  return std::min(1.0, 2.0 * tail);
}

double any_right_chance(int64_t members) {
  require_positive(members, "members");
  return 1.0 - std::exp2(-static_cast<double>(members));
}

double majority_chance(int64_t members, double accuracy) {
  require_positive(members, "members");
  const auto distribution = binomial_distribution(members, accuracy);
  double right = 0.0;
  for (int64_t k = 0; k <= members; ++k) {
    const double weight = 2 * k > members ? 1.0 : (2 * k == members ? 0.5 : 0.0);
    right += weight * distribution[static_cast<size_t>(k)];
  }
  return right;
}

BestOfSignals best_of_signals_chance(int64_t signals, int64_t pairs) {
  require_positive(signals, "signals");
  require_positive(pairs, "pairs");
  const auto distribution = binomial_distribution(pairs, 0.5);
  const auto count = static_cast<double>(pairs);
  double cumulative = 0.0;
  double expected = 0.0;  // sum over k < n of P(max > k)
  int64_t quantile = pairs;
  for (int64_t k = 0; k < pairs; ++k) {
    cumulative += distribution[static_cast<size_t>(k)];
    const double at_most = std::pow(std::min(cumulative, 1.0), static_cast<double>(signals));
    expected += 1.0 - at_most;
    if (at_most >= 0.95) quantile = std::min(quantile, k);
  }
  return {expected / count, static_cast<double>(quantile) / count};
}

}  // namespace physprobe
