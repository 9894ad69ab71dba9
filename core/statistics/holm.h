#pragma once
// Holm's step-down correction for many tests.

#include <vector>

namespace physprobe {

/// Adjusted p-values in the order given (Holm 1979): the i-th smallest of m times (m - i), made
/// monotone, at most 1. NaN entries stay NaN and are not counted.
std::vector<double> holm_adjusted(const std::vector<double>& p_values);

}  // namespace physprobe
