#include "physprobe/core/statistics/detectable_difference.h"

#include "physprobe/core/statistics/normal.h"

#include <cmath>
#include <functional>
#include <limits>

namespace physprobe {
namespace {

/// The smallest d in (0, most] with d sqrt(n) >= needed(d), where the gap grows with d.
double smallest(double most, int64_t n, const std::function<double(double)>& needed) {
  const double root = std::sqrt(static_cast<double>(n));
  if (!(most > 0.0) || most * root < needed(most)) return std::numeric_limits<double>::quiet_NaN();
  double low = 0.0;
  double high = most;
  for (int i = 0; i < 200; ++i) {
    const double middle = 0.5 * (low + high);
    (middle * root < needed(middle) ? low : high) = middle;
  }
  return high;
}

}  // namespace

double detectable_paired_difference(int64_t n, double discordant, const PowerOptions& options) {
  const double z_alpha = normal_quantile(1.0 - 0.5 * options.alpha);
  const double z_power = normal_quantile(options.power);
  return smallest(discordant, n, [&](double d) {
    return z_alpha * std::sqrt(discordant) + z_power * std::sqrt(discordant - d * d);
  });
}

double detectable_difference_from(double p0, int64_t n, const PowerOptions& options) {
  const double z_alpha = normal_quantile(1.0 - 0.5 * options.alpha);
  const double z_power = normal_quantile(options.power);
  return smallest(1.0 - p0, n, [&](double d) {
    const double p1 = p0 + d;
    return z_alpha * std::sqrt(p0 * (1.0 - p0)) + z_power * std::sqrt(std::abs(p1 * (1.0 - p1)));
  });
}

}  // namespace physprobe
