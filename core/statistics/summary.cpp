#include "physprobe/core/statistics/summary.h"

#include "physprobe/core/not_a_number.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace physprobe {

namespace {

double pairwise_sum(const double* values, std::size_t count) {
  constexpr std::size_t kBlock = 32;
  if (count <= kBlock) {
    double sum = 0.0;
    for (std::size_t i = 0; i < count; ++i) sum += values[i];
    return sum;
  }
  const std::size_t half = count / 2;
  return pairwise_sum(values, half) + pairwise_sum(values + half, count - half);
}

}  // namespace

double stable_sum(const std::vector<double>& values) {
  return pairwise_sum(values.data(), values.size());
}

double mean(const std::vector<double>& values) {
  return values.empty() ? kNaN : stable_sum(values) / static_cast<double>(values.size());
}

double variance(const std::vector<double>& values, int ddof) {
  const double degrees_of_freedom = static_cast<double>(values.size()) - ddof;
  if (values.empty() || degrees_of_freedom <= 0.0) return kNaN;
  const double center = mean(values);
  std::vector<double> squares;
  squares.reserve(values.size());
  for (const double value : values) squares.push_back((value - center) * (value - center));
  return stable_sum(squares) / degrees_of_freedom;
}

double quantile(std::vector<double> values, double q) {
  if (values.empty() || !(q >= 0.0 && q <= 1.0)) return kNaN;
  for (const double value : values) {
    if (std::isnan(value)) return kNaN;
  }
  const double position = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), middle, values.end());
  const double low = *middle;
  const double fraction = position - static_cast<double>(below);
  if (fraction == 0.0) return low;
  const double high = *std::min_element(middle + 1, values.end());
  return low + fraction * (high - low);
}

}  // namespace physprobe
