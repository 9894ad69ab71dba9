#pragma once
// The binomial distribution: exact tests of a count against a chance level, and random draws.

#include "physprobe/core/rng.h"

#include <cstdint>

namespace physprobe {

/// P[X = k] of X ~ Bin(n, p).
double binomial_pmf(int64_t k, int64_t n, double p);
/// P[X <= k], summed from the smaller terms on. 0 for k < 0, 1 for k >= n.
double binomial_cdf(int64_t k, int64_t n, double p);

struct BinomialTest {
  double two_sided_p = 1.0;  ///< Sum over all outcomes no more likely than the observed one (a
                             ///< relative slack of 1e-7 takes rounding for equality).
  double greater_p = 1.0;    ///< P[X >= k].
  double less_p = 1.0;       ///< P[X <= k].
};

/// Exact test of k successes in n trials against probability p. O(n). Throws Error(kInternal) for k
/// outside [0, n] or p outside [0, 1]. n = 0 gives 1 throughout.
BinomialTest binomial_test(int64_t k, int64_t n, double p);

/// A draw from Bin(n, p) in constant time (Hormann 1993, algorithm BTRS; inversion when n p < 10).
int64_t binomial_draw(Rng& rng, int64_t n, double p);

}  // namespace physprobe
