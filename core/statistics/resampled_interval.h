#pragma once
// From the statistics of resamples to an interval: what every bootstrap here ends with, whatever it
// resamples.

#include "physprobe/core/statistics/bootstrap.h"

#include <cstdint>
#include <vector>

namespace physprobe {

/// Percentile or BCa interval (Efron and Tibshirani 1993, ch. 13 and 14) from `statistics` (any
/// order, none NaN). `acceleration` NaN, or no resample on one side of `observed`, gives the
/// percentile interval; `method` then says so. Quantiles are interpolated linearly (type 7). `n` is
/// the number of units that were resampled; fewer than 2, or no statistics: method "none", NaN.
Interval resampled_interval(std::vector<double> statistics,
                            double observed,
                            double acceleration,
                            int64_t n,
                            const BootstrapOptions& options);

}  // namespace physprobe
