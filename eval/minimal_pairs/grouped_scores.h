#pragma once
// Scores of small groups of answers that must all be right: Winoground, Vinoground, NaturalBench,
// and pairs of surprises.

#include "physprobe/core/statistics/bootstrap.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// A score of a protocol: every example contributes `units`, each right or wrong.
struct GroupedScoreKind {
  std::string name;
  int units = 1;
  double chance = 0.0;  ///< Percent.
};

struct GroupedProtocol {
  std::string id;                       ///< "pairs/winoground-1"
  std::vector<GroupedScoreKind> kinds;  ///< The last is the one that models are compared by.
  int64_t examples = 0;                 ///< The benchmark's size; missing ones are wrong. 0: any.
};

/// text, image, group. Chance 25, 25, 16.67 for exchangeable continuous scores (Thrush et al.
/// 2022).
const GroupedProtocol& winoground_protocol();
/// text, video, group over 500 examples whatever was answered. Chance 25, 25, 6.25.
const GroupedProtocol& vinoground_protocol();
/// Acc over all answers, Q_Acc over questions (right for both images), I_Acc over images (both
/// questions), G_Acc over examples. Chance 50, 25, 25, 6.25 (Li et al. 2024).
const GroupedProtocol& naturalbench_protocol();
/// relative_accuracy of pairs of surprises. Chance 50.
const GroupedProtocol& relative_protocol();
/// The one with this id; null for protocols of other kinds.
const GroupedProtocol* grouped_protocol(const std::string& id);

/// s[caption][visual] of one example.
using CaptionVisualScores = std::array<std::array<double, 2>, 2>;
/// Units right by kind. text: each visual prefers its caption; image (or video): each caption its
/// visual; group: both. Strict inequalities, ties are wrong.
std::vector<int> winoground_right(const CaptionVisualScores& scores);

/// Ratings of one Vinoground example's four questions.
struct VinogroundExample {
  std::array<bool, 2> text = {false, false};   ///< Which caption fits: positive, negative video.
  std::array<bool, 2> video = {false, false};  ///< Which video fits: positive, negative caption.
};
std::vector<int> vinoground_right(const VinogroundExample& example);

/// Answers (1 yes or A, 0 no or B, -1 none) of one example to q0i0, q0i1, q1i0, q1i1, of which the
/// right ones are 1, 0, 0, 1.
using NaturalBenchAnswers = std::array<int, 4>;
std::vector<int> naturalbench_right(const NaturalBenchAnswers& answers);

/// A share with its interval over examples. Percent.
struct GroupedScore {
  std::string name;
  int64_t right = 0;
  int64_t n = 0;  ///< Units.
  double value = 0.0;
  double chance = 0.0;
  Interval interval;  ///< Wilson for one unit an example, else bootstrap over examples or clusters.
  double above_p = 1.0;  ///< Exact binomial P[X >= right] at chance; NaN where units depend.
};

/// `right[e][k]`: units of example e that are right by kind k. `clusters`, when not empty, names
/// for each example what it shares with dependent ones: whole clusters are then resampled.
std::vector<GroupedScore> grouped_scores(const GroupedProtocol& protocol,
                                         const std::vector<std::vector<int>>& right,
                                         const BootstrapOptions& options,
                                         const std::vector<std::string>& clusters = {});

}  // namespace physprobe
