#pragma once
// Intervals of a proportion.

#include "physprobe/core/statistics/bootstrap.h"

#include <cstdint>

namespace physprobe {

/// Wilson score interval (Wilson 1927) of successes / n; half successes (ties) are allowed. For n =
/// 0 the method is "none" and both ends are NaN. Throws Error(kUsage) for a level outside (0, 1),
/// Error(kInternal) for successes outside [0, n].
Interval wilson_interval(double successes, int64_t n, double level = 0.95);

/// Clopper-Pearson ("exact") interval (1934): beta quantiles, closed with 0 and 1 at the ends.
/// Conservative: covers at least `level`. Errors and n = 0 as above.
Interval clopper_pearson_interval(int64_t successes, int64_t n, double level = 0.95);

}  // namespace physprobe
