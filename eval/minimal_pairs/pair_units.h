#pragma once
// Items put together to pairs, the units of every statistic here: the two members of a pair are
// not independent.

#include "physprobe/core/statistics/tabulated_bootstrap.h"
#include "physprobe/eval/minimal_pairs/item.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

struct PairUnit {
  std::string pair;
  std::string source;
  std::string cluster;
  std::vector<std::size_t> members;       ///< Indices into the task's items, sorted by id.
  std::array<int64_t, 2> right = {0, 0};  ///< Members answered rightly, by AnswerRule.

  bool is_complete() const { return members.size() == 2; }
  /// Both members right; never so for an incomplete pair.
  bool is_right(AnswerRule rule) const {
    return is_complete() && right[static_cast<std::size_t>(rule)] == 2;
  }
};

/// Some of a task's pairs; the pairs outlive it.
using UnitList = std::vector<const PairUnit*>;
UnitList all_of(const std::vector<PairUnit>& units);

/// Pairs of a task, sorted by name: the order of the items in the files does not matter.
std::vector<PairUnit> pair_units(const PairTask& task);

/// Pair accuracy of `units` as resampling sees it: cells of right and wrong pairs.
TabulatedStratum pair_stratum(const UnitList& units, AnswerRule rule);
/// Single accuracy: items right of items, in cells of pairs with equal counts.
TabulatedStratum single_stratum(const UnitList& units, AnswerRule rule);

/// Phi of the two members' ratings over pairs; NaN when one member is always right or always wrong.
/// -1 for a system that gives both members the same answer.
double phi_coefficient(int64_t both, int64_t only_first, int64_t only_second, int64_t none);

/// The range of pair accuracy that a single accuracy s (shares, not percent) leaves open:
/// [max(0, 2s - 1), s].
std::array<double, 2> feasible_pair_range(double single);

/// Pair accuracy of a policy that does not look at the video and says A with probability q, each
/// time anew: q (1 - q). Its single accuracy is 1/2.
double blind_pair_accuracy(double q);

/// Chance of a pair for independent guesses among k options: 1 / k^2.
double chance_pair_accuracy(int options);

}  // namespace physprobe
