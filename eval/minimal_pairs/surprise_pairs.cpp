#include "physprobe/eval/minimal_pairs/surprise_pairs.h"

#include "physprobe/core/error.h"
#include "physprobe/core/statistics/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace physprobe {

RelativeAccuracy relative_accuracy(const std::vector<double>& possible,
                                   const std::vector<double>& impossible) {
  if (possible.size() != impossible.size())
    throw Error(ErrorKind::kInternal, "relative_accuracy",
                "as many possible as impossible clips expected");
  RelativeAccuracy result;
  result.n = static_cast<int64_t>(possible.size());
  for (std::size_t i = 0; i < possible.size(); ++i) {
    if (!std::isfinite(possible[i]) || !std::isfinite(impossible[i])) {
      throw Error(ErrorKind::kInput, fmt::format("pair {}", i),
                  "a surprise is not finite; leave failed clips out and count them");
    }
    result.right += possible[i] < impossible[i] ? 1 : 0;
    result.ties += possible[i] == impossible[i] ? 1 : 0;
  }
  if (result.n > 0) {
    const double n = static_cast<double>(result.n);
    result.strict = 100.0 * static_cast<double>(result.right) / n;
    result.half_credit =
        100.0 * (static_cast<double>(result.right) + 0.5 * static_cast<double>(result.ties)) / n;
  }
  return result;
}

QuadrupletScores quadruplet_scores(const std::vector<SurpriseQuadruplet>& scenes) {
  QuadrupletScores scores;
  scores.n = static_cast<int64_t>(scenes.size());
  if (scenes.empty()) return scores;
  for (const SurpriseQuadruplet& scene : scenes) {
    const auto& p = scene.possible;
    const auto& i = scene.impossible;
    scores.both_pairs += p[0] < i[0] && p[1] < i[1] ? 1.0 : 0.0;
    scores.all_cross += std::max(p[0], p[1]) < std::min(i[0], i[1]) ? 1.0 : 0.0;
    for (const double possible : p) {
      for (const double impossible : i) scores.mean_cross += possible < impossible ? 0.25 : 0.0;
    }
    scores.sum += p[0] + p[1] < i[0] + i[1] ? 1.0 : 0.0;
  }
  for (double* score : {&scores.both_pairs, &scores.all_cross, &scores.mean_cross, &scores.sum})
    *score *= 100.0 / static_cast<double>(scores.n);
  return scores;
}

double pooled_surprise(std::vector<double> windows, WindowPooling pooling) {
  if (windows.empty()) return std::numeric_limits<double>::quiet_NaN();
  if (pooling == WindowPooling::kMax) return *std::max_element(windows.begin(), windows.end());
  if (pooling == WindowPooling::kMeanTop3 && windows.size() > 3) {
    std::partial_sort(windows.begin(), windows.begin() + 3, windows.end(), std::greater<>());
    windows.resize(3);
  }
  return mean(windows);
}

int intphys_partner(const std::array<int64_t, 3>& first_difference) {
  const auto latest = std::max_element(first_difference.begin(), first_difference.end());
  return 1 + static_cast<int>(latest - first_difference.begin());
}

}  // namespace physprobe
