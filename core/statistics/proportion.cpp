#include "physprobe/core/statistics/proportion.h"

#include "physprobe/core/error.h"
#include "physprobe/core/statistics/beta_distribution.h"
#include "physprobe/core/statistics/normal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace physprobe {

namespace {

/// Checks the arguments; the interval of nothing counted, which for n > 0 is still to be filled in.
Interval empty_interval(const char* name, double successes, int64_t n, double level) {
  if (!(level > 0.0 && level < 1.0)) {
    throw Error(ErrorKind::kUsage, "statistics.level",
                fmt::format("is {}, expected a number between 0 and 1 (exclusive)", level));
  }
  if (n < 0 || !(successes >= 0.0 && successes <= static_cast<double>(n))) {
    throw Error(ErrorKind::kInternal, name,
                fmt::format("{} successes of {}; expected 0 to n", successes, n));
  }
  Interval interval;
  interval.n = n;
  interval.level = level;
  interval.low = interval.high = std::numeric_limits<double>::quiet_NaN();
  interval.method = "none";
  return interval;
}

}  // namespace

Interval wilson_interval(double successes, int64_t n, double level) {
  Interval interval = empty_interval("wilson_interval", successes, n, level);
  if (n == 0) return interval;
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

Interval clopper_pearson_interval(int64_t successes, int64_t n, double level) {
  Interval interval =
      empty_interval("clopper_pearson_interval", static_cast<double>(successes), n, level);
  if (n == 0) return interval;
  const double k = static_cast<double>(successes);
  const double failures = static_cast<double>(n - successes);
  const double tail = 0.5 - 0.5 * level;
  interval.low = successes == 0 ? 0.0 : beta_quantile(tail, k, failures + 1.0);
  interval.high = successes == n ? 1.0 : beta_quantile(1.0 - tail, k + 1.0, failures);
  interval.method = "clopper-pearson";
  return interval;
}

}  // namespace physprobe
