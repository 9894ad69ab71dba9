#pragma once
// Scores of small groups of answers that must all be right: Winoground, Vinoground, NaturalBench.

#include "physprobe/core/statistics/bootstrap.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// A share of groups with its Wilson interval. Percent.
struct GroupedScore {
  std::string name;
  int64_t right = 0;
  int64_t n = 0;
  double value = 0.0;
  double chance = 0.0;
  Interval interval;
};
GroupedScore grouped_score(
    const std::string& name, int64_t right, int64_t n, double chance, double level);

/// s[caption][visual] of one example (Thrush et al. 2022).
using CaptionVisualScores = std::array<std::array<double, 2>, 2>;

/// text: each visual prefers its caption; image (or video): each caption its visual; group: both.
/// Strict inequalities, ties are wrong. Chance 25, 25, 16.67 for exchangeable continuous scores.
std::vector<GroupedScore> winoground_scores(const std::vector<CaptionVisualScores>& examples,
                                            double level = 0.95);

/// Ratings of one Vinoground example's four questions.
struct VinogroundExample {
  std::array<bool, 2> text = {false, false};   ///< Which caption fits: positive, negative video.
  std::array<bool, 2> video = {false, false};  ///< Which video fits: positive, negative caption.
};
constexpr int64_t kVinogroundExamples = 500;

/// text, video, group over 500 examples whatever was answered: missing ones are wrong. Chance 25,
/// 25, 6.25.
std::vector<GroupedScore> vinoground_scores(const std::vector<VinogroundExample>& examples,
                                            double level = 0.95);

/// Answers (1 yes or A, 0 no or B, -1 none) of one example to q0i0, q0i1, q1i0, q1i1, of which the
/// right ones are 1, 0, 0, 1 (Li et al. 2024).
using NaturalBenchAnswers = std::array<int, 4>;

/// Acc over all answers, Q_Acc over questions (right for both images), I_Acc over images (both
/// questions), G_Acc over examples. Chance 50, 25, 25, 6.25.
std::vector<GroupedScore> naturalbench_scores(const std::vector<NaturalBenchAnswers>& examples,
                                              double level = 0.95);

}  // namespace physprobe
