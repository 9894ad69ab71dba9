#pragma once
// What the best of several contexts reaches when the labels mean nothing: the null of a
// best-of-sweep number.

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// outcome[row][pair]: 1 the possible member surprises less, -1 more, 0 a tie.
using SweepOutcomes = std::vector<std::vector<int8_t>>;

struct SweepNull {
  double best = 0.0;         ///< Observed: the largest relative accuracy over rows, percent.
  std::size_t best_row = 0;  ///< The first that reaches it.
  double null_mean = 0.0;    ///< Mean best when every pair's labels are exchanged by a fair coin.
  double null_high = 0.0;    ///< 95 % of the permutations stay at or below.
  double p = 1.0;            ///< (1 + permutations at or above `best`) / (1 + permutations).
  int64_t permutations = 0;
};

/// The same coin decides a pair in every row, so the rows stay as dependent as they are; with
/// `scenes` (one a pair), one coin decides all pairs of a scene, which share videos. NaN for no
/// pairs. The numbers depend on the seed only.
SweepNull sweep_null(const SweepOutcomes& outcomes,
                     int64_t permutations,
                     uint64_t seed,
                     const std::vector<std::string>& scenes = {});

}  // namespace physprobe
