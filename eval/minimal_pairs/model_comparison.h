#pragma once
// Two systems on the same pairs: do they differ, by how much, could the comparison have found a
// difference, and do they fail on the same items?

#include "physprobe/core/statistics/error_consistency.h"
#include "physprobe/core/statistics/mcnemar.h"
#include "physprobe/eval/minimal_pairs/mvp_scores.h"

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// On the units that both systems have, of one task or of all.
struct PairedDifference {
  std::string scope;        ///< A task, or "all".
  int64_t n = 0;            ///< Shared units.
  int64_t unshared = 0;     ///< Units only one of them has.
  double difference = 0.0;  ///< First minus second, percentage points of pair accuracy.
  Interval interval;        ///< Paired bootstrap: both are resampled with the same indices.
  McNemarTest mcnemar;
  double detectable = 0.0;  ///< Smallest difference found with power 0.8, points; NaN if none is.
};

struct Consistency {
  ErrorConsistency measured;
  KappaInterval kappa;
  double independence_p = 1.0;  ///< From this many simulations.
  int64_t simulations = 0;
};

struct ModelComparison {
  std::string first, second;
  std::vector<PairedDifference> differences;  ///< "all" first, then the shared tasks.
  PairedDifference group;  ///< Unweighted mean over shared tasks; no McNemar test.
  Consistency items, pairs;
  double holm_p = 1.0;  ///< McNemar's mid-p over all pairs, adjusted over all comparisons.
};

/// Every pair of models, in order. Models without shared pairs have n = 0.
std::vector<ModelComparison> compare_models(const std::vector<RunScores>& runs,
                                            const BootstrapOptions& options,
                                            int threads);

/// Error consistency of two lists of ratings, joined by name.
Consistency consistency_of(const std::vector<NamedRating>& first,
                           const std::vector<NamedRating>& second,
                           const BootstrapOptions& options);

/// Counts over the names that both have; `unshared` counts the others.
AgreementCounts shared_agreement(const std::vector<NamedRating>& first,
                                 const std::vector<NamedRating>& second,
                                 int64_t* unshared = nullptr);

/// Difference of two accuracies on shared units, in points.
PairedDifference paired_difference(const std::string& scope,
                                   const AgreementCounts& counts,
                                   int64_t unshared,
                                   const BootstrapOptions& options);

}  // namespace physprobe
