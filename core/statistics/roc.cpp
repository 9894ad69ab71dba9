#include "physprobe/core/statistics/roc.h"

#include "physprobe/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace physprobe {
namespace {

struct Tally {
  double score;
  int64_t positive;
  int64_t negative;
};

/// Distinct scores, highest first, with how many of each class have them.
std::vector<Tally> tally(const std::vector<double>& positive, const std::vector<double>& negative) {
  std::vector<Tally> all;
  all.reserve(positive.size() + negative.size());
  const auto add = [&](const std::vector<double>& scores, bool is_positive) {
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (!std::isfinite(scores[i])) {
        throw Error(ErrorKind::kInput, is_positive ? "positive scores" : "negative scores",
                    fmt::format("value {} is {}; expected finite numbers", i, scores[i]));
      }
      all.push_back({scores[i], is_positive ? 1 : 0, is_positive ? 0 : 1});
    }
  };
  add(positive, true);
  add(negative, false);
  std::sort(all.begin(), all.end(),
            [](const Tally& a, const Tally& b) { return a.score > b.score; });
  std::vector<Tally> distinct;
  for (const Tally& one : all) {
    if (distinct.empty() || distinct.back().score != one.score) {
      distinct.push_back(one);
    } else {
      distinct.back().positive += one.positive;
      distinct.back().negative += one.negative;
    }
  }
  return distinct;
}

}  // namespace

double auroc(const std::vector<double>& positive, const std::vector<double>& negative) {
  const std::vector<Tally> scores = tally(positive, negative);
  if (positive.empty() || negative.empty()) return std::numeric_limits<double>::quiet_NaN();
  // Twice the number of pairs won: whole numbers, so that the sum is exact.
  int64_t twice = 0;
  int64_t positives_above = 0;
  for (const Tally& one : scores) {
    twice += one.negative * (2 * positives_above + one.positive);
    positives_above += one.positive;
  }
  return static_cast<double>(twice) /
         (2.0 * static_cast<double>(positive.size()) * static_cast<double>(negative.size()));
}

double precision_recall_area(const std::vector<double>& positive,
                             const std::vector<double>& negative) {
  const std::vector<Tally> scores = tally(positive, negative);
  if (positive.empty() || negative.empty()) return std::numeric_limits<double>::quiet_NaN();
  double area = 0.0;
  double recall = 0.0;
  double precision = 1.0;
  int64_t true_positives = 0;
  int64_t flagged = 0;
  for (const Tally& one : scores) {
    true_positives += one.positive;
    flagged += one.positive + one.negative;
    const double next_recall =
        static_cast<double>(true_positives) / static_cast<double>(positive.size());
    const double next_precision =
        static_cast<double>(true_positives) / static_cast<double>(flagged);
    area += (next_recall - recall) * 0.5 * (precision + next_precision);
    recall = next_recall;
    precision = next_precision;
  }
  return area;
}

}  // namespace physprobe
