#pragma once
// Intervals of a proportion.

#include <cstdint>

#include "physprobe/core/statistics/bootstrap.h"

namespace physprobe {

/// Wilson score interval (Wilson 1927) of successes / n.
Interval wilson_interval(double successes, int64_t n, double level = 0.95);

}  // namespace physprobe
