#pragma once
// Pairs without language: a possible and an impossible clip, told apart by how surprised a model
// is. IntPhys, GRASP, InfLevel, IntPhys 2.

#include <array>
#include <cstdint>
#include <vector>

namespace physprobe {

/// Share of pairs whose possible clip surprises less, percent. Chance 50.
struct RelativeAccuracy {
  int64_t n = 0;
  int64_t right = 0;
  int64_t ties = 0;
  double strict = 0.0;       ///< A tie is wrong, as in the references.
  double half_credit = 0.0;  ///< A tie counts one half.
};

/// `possible[i]` and `impossible[i]` are the surprises of pair i. Throws Error(kInput) naming the
/// first pair with a value that is not finite, Error(kInternal) if the sizes differ.
RelativeAccuracy relative_accuracy(const std::vector<double>& possible,
                                   const std::vector<double>& impossible);

/// Two matched pairs of one scene; pair k is possible[k], impossible[k].
struct SurpriseQuadruplet {
  std::array<double, 2> possible;
  std::array<double, 2> impossible;
};

/// Percent over quadruplets; all comparisons are strict.
struct QuadrupletScores {
  int64_t n = 0;
  double both_pairs = 0.0;  ///< Both matched pairs right; chance 25.
  double all_cross = 0.0;   ///< max possible < min impossible; chance 100 / 6.
  double mean_cross = 0.0;  ///< Mean of the four comparisons; chance 50.
  double sum = 0.0;         ///< sum possible < sum impossible; chance 50.
};
QuadrupletScores quadruplet_scores(const std::vector<SurpriseQuadruplet>& scenes);

/// The surprise of a clip from its windows.
enum class WindowPooling { kMean, kMax, kMeanTop3 };
double pooled_surprise(std::vector<double> windows, WindowPooling pooling);

/// IntPhys: which of clips 1, 2, 3 is clip 0's partner. `first_difference[i]` is the first frame in
/// which clip i + 1 differs from clip 0 (the clip's length if never); the latest one is the
/// partner, the first of equals. The other two clips are the second pair.
int intphys_partner(const std::array<int64_t, 3>& first_difference);

}  // namespace physprobe
