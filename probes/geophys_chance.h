#pragma once
// What ensembles and selections score by chance: printed beside every GeoPhys number, because
// several of the published rules exceed 0.9 on pure noise (geophys.md section 4).

#include <cstdint>
#include <vector>

namespace physprobe {

/// P(k successes), k = 0 … n, of n draws with probability p. Throws Error(kUsage) unless n >= 0, p
/// in [0, 1].
std::vector<double> binomial_distribution(int64_t n, double p);

/// Two-sided sign test at p = 1/2: min(1, 2 P(X <= min(a, b))), X ~ Bin(a + b, 1/2). 1 when a + b =
/// 0.
double sign_test_two_sided(int64_t a, int64_t b);

/// Any of `members` independent coin flips right: 1 - 2^-K.
double any_right_chance(int64_t members);

/// Majority of `members` independent members right with probability `accuracy` each; ties count
/// 1/2.
double majority_chance(int64_t members, double accuracy);

struct BestOfSignals {
  double expected_maximum = 0.0;  ///< Of the accuracy of the best signal.
  double quantile_95 =
      0.0;  ///< Smallest accuracy that the best one exceeds in at most 5 % of cases.
};

/// The best of `signals` independent coin-flipping signals on `pairs` pairs: P(max <= k) =
/// BinCDF(k; n, 1/2)^M.
BestOfSignals best_of_signals_chance(int64_t signals, int64_t pairs);

}  // namespace physprobe
