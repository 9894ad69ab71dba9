#pragma once
// What a number is where it is not defined: the mean of nothing, the ratio to zero.

#include <limits>

namespace physprobe {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace physprobe
