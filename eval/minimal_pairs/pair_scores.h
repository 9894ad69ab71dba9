#pragma once
// Single and pair accuracy of a set of pairs, with intervals over pairs, tests against chance and
// what tells a shortcut from understanding.

#include "physprobe/core/statistics/binomial.h"
#include "physprobe/core/statistics/bootstrap.h"
#include "physprobe/eval/minimal_pairs/pair_units.h"

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

struct PairScoreOptions {
  BootstrapOptions bootstrap;
  AnswerRule rule = AnswerRule::kStrict;
  /// Pairs without exactly two items: wrong in the denominator of pair accuracy, as the harness has
  /// it, or left out of it. Their items count in single accuracy either way.
  bool drop_incomplete = false;
  double chance_pair = 0.25;
  bool with_all_intervals = true;  ///< Else only the one to quote.
};

/// Percent. Nothing counted: 0 (as the harness has it), interval "none".
struct Accuracy {
  double value = 0.0;
  int64_t n = 0;
  Interval interval;                ///< The one to quote: Wilson for pairs, BCa for items.
  std::vector<Interval> intervals;  ///< All others, each named by its method.
};

struct PairScores {
  std::string name;  ///< Of the task or source.
  int64_t n_items = 0;
  int64_t n_pairs = 0;                  ///< In the denominator of pair accuracy.
  std::vector<std::string> incomplete;  ///< Pairs without exactly two items.
  Accuracy single, pair;

  int64_t both = 0, one = 0, none = 0;                   ///< Complete pairs by members right.
  int64_t unparsed = 0, answered_a = 0, answered_b = 0;  ///< Items.
  int64_t label_a = 0;                                   ///< Items whose right answer is A.
  int64_t pairs_both_parsed = 0;
  int64_t pairs_same_answer = 0;  ///< Of these, the ones with one answer for both videos.

  double independent_pair = 0.0;        ///< s^2, percent: pair accuracy of independent members.
  double pair_minus_independent = 0.0;  ///< Percentage points.
  double feasible_low = 0.0, feasible_high = 0.0;  ///< Percent.
  double phi = 0.0;

  BinomialTest pair_against_chance;
  double single_se = 0.0;  ///< Cluster-robust by pair, percentage points.
  double single_p = 1.0;   ///< Two-sided against 50 with that error (normal); NaN without spread.
  double cluster_se =
      0.0;  ///< Of pair accuracy by cluster, percentage points; NaN without clusters.
  double detectable = 0.0;  ///< Smallest distance above chance found with power 0.8, points.
};

/// Scores of some of a task's pairs (all, or those of one source).
PairScores score_pairs(const std::string& name,
                       const PairTask& task,
                       const UnitList& units,
                       const PairScoreOptions& options);

/// One plain sentence: what the pair accuracy says, in particular below chance.
std::string explain_pair_accuracy(const PairScores& scores, double chance_pair = 0.25);

/// An interval of shares as one of percent.
Interval in_percent(Interval interval);

}  // namespace physprobe
