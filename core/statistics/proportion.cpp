#include "physprobe/core/statistics/proportion.h"

#include "physprobe/core/error.h"
#include "physprobe/core/statistics/normal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace physprobe {

Interval wilson_interval(double successes, int64_t n, double level) {
  if (!(level > 0.0 && level < 1.0)) {
    throw Error(ErrorKind::kUsage, "statistics.level",
                fmt::format("is {}, expected a number between 0 and 1 (exclusive)", level));
  }
  if (n < 0 || !(successes >= 0.0 && successes <= static_cast<double>(n))) {
    throw Error(ErrorKind::kInternal, "wilson_interval",
                fmt::format("{} successes of {}; expected 0 to n", successes, n));
  }
  Interval interval;
  interval.n = n;
  interval.level = level;
  if (n == 0) {
    interval.low = interval.high = std::numeric_limits<double>::quiet_NaN();
    interval.method = "none";
    return interval;
  }
  const double count = static_cast<double>(n);
  const double share = successes / count;
  const double z = normal_quantile(0.5 + 0.5 * level);
  const double z_squared = z * z;
  const double denominator = 1.0 + z_squared / count;
  const double center = (share + z_squared / (2.0 * count)) / denominator;
  const double half_width =
      z / denominator *
      std::sqrt(share * (1.0 - share) / count + z_squared / (4.0 * count * count));
  // At the ends the formula gives 0 and 1 exactly in real numbers; rounding must not overshoot.
  interval.low = successes == 0.0 ? 0.0 : std::max(0.0, center - half_width);
  interval.high = successes == count ? 1.0 : std::min(1.0, center + half_width);
  interval.method = "wilson";
  return interval;
}

}  // namespace physprobe
