#include "physprobe/core/statistics/resampled_interval.h"

#include "physprobe/core/statistics/normal.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace physprobe {
namespace {

double sorted_quantile(const std::vector<double>& sorted, double q) {
  const double position = std::clamp(q, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Interval resampled_interval(std::vector<double> statistics,
                            double observed,
                            double acceleration,
                            int64_t n,
                            const BootstrapOptions& options) {
  Interval interval;
  interval.n = n;
  interval.level = options.level;
  if (n < 2 || statistics.empty()) {
    interval.low = interval.high = std::numeric_limits<double>::quiet_NaN();
    interval.method = "none";
    return interval;
  }
  std::sort(statistics.begin(), statistics.end());
  double low = 0.5 - 0.5 * options.level;
  double high = 0.5 + 0.5 * options.level;
  interval.method = "percentile";
  if (options.method == BootstrapOptions::Method::kBca) {
    const auto [first, last] = std::equal_range(statistics.begin(), statistics.end(), observed);
    // Ties with the observed value count half, as for discrete data they must (equation 14.14).
    const double share_below = (static_cast<double>(first - statistics.begin()) +
                                static_cast<double>(last - statistics.begin())) /
                               (2.0 * static_cast<double>(statistics.size()));
    const double bias = normal_quantile(share_below);
    const auto adjusted = [&](double probability) {
      const double shifted = bias + normal_quantile(probability);
      return normal_cdf(bias + shifted / (1.0 - acceleration * shifted));
    };
    if (std::isfinite(bias) && std::isfinite(acceleration)) {
      low = adjusted(low);
      high = adjusted(high);
      interval.method = "bca";
    }
  }
  interval.low = sorted_quantile(statistics, low);
  interval.high = sorted_quantile(statistics, high);
  return interval;
}

}  // namespace physprobe
