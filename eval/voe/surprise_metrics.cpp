#include "physprobe/eval/voe/surprise_metrics.h"

#include "physprobe/core/statistics/roc.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace physprobe {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr int kThresholds = 100;

double share_beyond(const PooledPairs& pairs, double threshold) {
  int64_t right = 0;
  for (const double value : pairs.possible) right += value < threshold;
  for (const double value : pairs.impossible) right += value > threshold;
  return 100.0 * static_cast<double>(right) /
         static_cast<double>(pairs.possible.size() + pairs.impossible.size());
}

std::vector<double> negated(std::vector<double> values) {
  for (double& value : values) value = -value;
  return values;
}

void add_absolute(const PooledPairs& pairs, SurpriseMetrics& metrics) {
  if (pairs.possible.empty()) {
    metrics.absolute = metrics.threshold = metrics.best_absolute = metrics.best_threshold = kNan;
    return;
  }
  std::vector<double> sorted = pairs.possible;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t last = sorted.size() - 1;
  const auto index = static_cast<std::size_t>(std::ceil(0.9 * static_cast<double>(sorted.size())));
  metrics.threshold = sorted[std::min(index, last)];
  metrics.absolute = share_beyond(pairs, metrics.threshold);
  const double low = sorted.front();
  const double high = *std::max_element(pairs.impossible.begin(), pairs.impossible.end());
  metrics.best_absolute = -1.0;
  for (int i = 0; i < kThresholds; ++i) {
    const double step = (high - low) / (kThresholds - 1);
    const double exact = i == kThresholds - 1 ? high : low + step * i;
    // The reference compares thresholds with float32 surprises in float32.
    const auto threshold = static_cast<double>(static_cast<float>(exact));
    const double accuracy = share_beyond(pairs, threshold);
    if (accuracy > metrics.best_absolute) {
      metrics.best_absolute = accuracy;
      metrics.best_threshold = exact;
    }
  }
}

}  // namespace

SurpriseMetrics surprise_metrics(const PooledPairs& mean, const PooledPairs& maximum) {
  SurpriseMetrics metrics;
  metrics.relative_mean = relative_accuracy(mean.possible, mean.impossible);
  metrics.relative_maximum = relative_accuracy(maximum.possible, maximum.impossible);
  add_absolute(maximum, metrics);
  // A possible video is the positive class: it should have the smaller surprise.
  metrics.auroc_mean = auroc(negated(mean.possible), negated(mean.impossible));
  metrics.auroc_maximum = auroc(negated(maximum.possible), negated(maximum.impossible));
  metrics.auprc_mean = precision_recall_area(negated(mean.possible), negated(mean.impossible));
  metrics.auprc_maximum =
      precision_recall_area(negated(maximum.possible), negated(maximum.impossible));
  return metrics;
}

}  // namespace physprobe
