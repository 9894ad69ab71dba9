#pragma once
// Scores that do not choose on what they are scored on, and what choosing is worth: contexts chosen
// on other scenes, and the oracle that any context may be right.

#include "physprobe/eval/voe/sweep_null.h"

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// Every scene's pairs under the row that is best over all other scenes' pairs.
struct HeldOutSelection {
  int64_t n = 0;  ///< Pairs; 0 where there are not two scenes: nothing can be chosen then.
  int64_t right = 0;
  int64_t scenes = 0;
  std::vector<int64_t> chosen;   ///< Scenes by the row chosen for them.
  std::vector<double> is_right;  ///< Of each pair, 1 or 0, in the order of the pairs.
};

/// `scenes[i]` is the scene of pair i. The row with most right pairs is chosen, the first of
/// equals.
HeldOutSelection held_out_selection(const SweepOutcomes& outcomes,
                                    const std::vector<std::string>& scenes);

/// "Right when any row is right": no accuracy, since labels choose the row.
struct AnyRowOracle {
  double share = 0.0;   ///< Percent of pairs with a right row.
  double chance = 0.0;  ///< Percent when a coin exchanges each pair's labels: pairs whose rows
                        ///< disagree are right either way.
};
AnyRowOracle any_row_oracle(const SweepOutcomes& outcomes);

}  // namespace physprobe
