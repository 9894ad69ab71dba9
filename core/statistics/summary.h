#pragma once
// Sums and moments in a fixed order, in double.

#include <vector>

namespace physprobe {

/// Pairwise sum in index order: the same bits for the same values.
double stable_sum(const std::vector<double>& values);
/// NaN for an empty vector.
double mean(const std::vector<double>& values);
/// `ddof` 0 = population, 1 = sample. NaN when size <= ddof.
double variance(const std::vector<double>& values, int ddof);
/// Linear interpolation between order statistics (type 7), q in [0, 1]. NaN for an empty vector,
/// a NaN among the values or a q out of range.
double quantile(std::vector<double> values, double q);

}  // namespace physprobe
