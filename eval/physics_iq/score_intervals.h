#pragma once
// How sure a Physics-IQ score is: bootstrap intervals over scenes, whole scenes resampled because
// the views of a scene are not independent.

#include "physprobe/core/statistics/bootstrap.h"
#include "physprobe/eval/physics_iq/scores.h"

#include <vector>

namespace physprobe {

/// Interval of the Verified score (fraction): mean over samples, clustered by scene.
Interval verified_interval(const ResultTable& table, const BootstrapOptions& options);

/// Interval of the original score before clipping (fraction): ratios of means over scenes, so the
/// percentile method. Resamples in which a ceiling is zero are left out.
Interval original_interval(const ResultTable& table, const BootstrapOptions& options);

/// Mean difference (b - a) of the Verified sample scores that both tables have, clustered by scene.
struct PairedDifference {
  double mean = 0.0;
  Interval interval;
  int64_t samples = 0;
};
PairedDifference paired_difference(const std::vector<SampleScore>& a,
                                   const std::vector<SampleScore>& b,
                                   const BootstrapOptions& options);

}  // namespace physprobe
