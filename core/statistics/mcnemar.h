#pragma once
// McNemar's test: do two systems differ on the same units? Only units on which exactly one is right
// say anything.

#include <cstdint>

namespace physprobe {

struct McNemarTest {
  int64_t only_first = 0;    ///< b: the first is right, the second wrong.
  int64_t only_second = 0;   ///< c: the other way round.
  double exact_p = 1.0;      ///< min(1, 2 P[Bin(b + c, 1/2) <= min(b, c)]).
  double mid_p = 1.0;        ///< The same minus P[Bin = min(b, c)]; 1 when b = c (Fagerland 2013).
  double chi_squared = 0.0;  ///< (|b - c| - 1)^2 / (b + c), with continuity correction.
  double chi_squared_p = 1.0;
};

/// Without discordant units every p is 1. Throws Error(kInternal) for negative counts.
McNemarTest mcnemar_test(int64_t only_first, int64_t only_second);

}  // namespace physprobe
