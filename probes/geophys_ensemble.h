#pragma once
// Rules that turn several GeoPhys members (backbones, statistics) into one verdict per
// plausible/violated pair, beside what each rule scores by chance. The published ensemble rules are
// ambiguous, so each reading has its own name (geophys.md sections 3 and 4).

#include <cstdint>
#include <vector>

namespace physprobe {

/// How a member's difference is put on a common scale before members are compared.
enum class DeltaScale {
  kRms,  ///< sqrt(mean delta^2) over the pairs scored: independent of which clip is listed first.
  kStd,  ///< Uncentred, divided by the standard deviation: depends on the labels.
  kCentred,  ///< (delta - mean) / standard deviation: only to reproduce; a member right on every
             ///< pair loses.
};

/// Verdicts of a rule over n pairs.
struct PairVerdicts {
  std::vector<double> right;  ///< n: 1 right, 0 wrong, 0.5 tie.
  double accuracy = 0.0;      ///< Mean of `right`.
};

/// `delta[b][i]` = statistic of the violated clip minus that of the plausible one, member b, pair
/// i; right when > 0. All functions throw Error(kInput) for no member, no pair, members of unequal
/// length or NaN.
using MemberDeltas = std::vector<std::vector<double>>;

/// Share of right pairs of each member, ties 1/2.
std::vector<double> member_accuracy(const MemberDeltas& delta);

/// Differences on a common scale; a member whose scale is 0 gives zeros.
MemberDeltas scaled_deltas(const MemberDeltas& delta, DeltaScale scale);

/// Sign of the sum of scaled differences. Chance 1/2.
PairVerdicts sum_z(const MemberDeltas& delta, DeltaScale scale = DeltaScale::kRms);

struct MostConfidentVerdicts : PairVerdicts {
  std::vector<int64_t> member;  ///< n: the member that decided, the first of equals.
};

/// Sign of the scaled difference of largest magnitude. Chance 1/2.
MostConfidentVerdicts most_confident(const MemberDeltas& delta,
                                     DeltaScale scale = DeltaScale::kRms);

/// Sign of the number of right minus wrong members. Chance 1/2.
PairVerdicts count_vote(const MemberDeltas& delta);

/// Right when any member is right: an oracle that needs the labels, never an accuracy.
struct AnyRight {
  double share = 0.0;      ///< A pair tied in all members counts 1/2.
  double all_right = 0.0;  ///< Share of pairs on which every member is right.
  /// Expected `share` when the clips of each pair are swapped at random: 1 for a pair whose members
  /// disagree, 1/2 for a unanimous or tied one. Exact whatever the dependence between members.
  double chance_flip = 0.0;
  double chance_independent = 0.0;  ///< 1 - 2^-K.
  double excess = 0.0;              ///< share - chance_flip.
  int64_t n_unanimous = 0;          ///< Pairs without a right and a wrong member at once.
  int64_t n_unanimous_right = 0;    ///< Of these, those with a right member and no wrong one.
  /// Two-sided sign test of right against wrong among unanimous pairs, the only ones that carry
  /// information.
  double sign_test_p = 0.0;
};
AnyRight any_right(const MemberDeltas& delta);

}  // namespace physprobe
