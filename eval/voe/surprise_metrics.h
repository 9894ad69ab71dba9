#pragma once
// The published numbers of one property under one context (Garrido et al. 2025, released evaluation
// code; names as in its tables).

#include "physprobe/eval/minimal_pairs/surprise_pairs.h"

#include <vector>

namespace physprobe {

/// Pooled surprises of matched pairs: element i of both vectors is pair i.
struct PooledPairs {
  std::vector<double> possible;
  std::vector<double> impossible;
};

/// Percent where it is an accuracy; NaN where it does not exist.
struct SurpriseMetrics {
  RelativeAccuracy relative_mean;     ///< Of mean surprise. A tie is wrong.
  RelativeAccuracy relative_maximum;  ///< Of maximum surprise.
  /// Of maximum surprise against the threshold below which 90 % of the possible videos lie: the
  /// sorted possible ones at index ceil(0.9 P), the last one for P < 10 (the reference fails
  /// there). Equal to the threshold is wrong on both sides.
  double absolute = 0.0;
  double threshold = 0.0;
  /// The best of 100 thresholds from the smallest possible to the largest impossible one. Chosen on
  /// what it is scored on: an upper bound, not an accuracy.
  double best_absolute = 0.0;
  double best_threshold = 0.0;
  double auroc_mean = 0.0;
  double auroc_maximum = 0.0;
  double auprc_mean = 0.0;
  double auprc_maximum = 0.0;
};

/// Throws Error(kInput) for values that are not finite, Error(kInternal) if sizes differ.
SurpriseMetrics surprise_metrics(const PooledPairs& mean, const PooledPairs& maximum);

}  // namespace physprobe
