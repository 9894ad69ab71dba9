#include "physprobe/core/statistics/bootstrap.h"

#include "physprobe/core/error.h"
#include "physprobe/core/not_a_number.h"
#include "physprobe/core/parallel.h"
#include "physprobe/core/rng.h"
#include "physprobe/core/statistics/resampled_interval.h"
#include "physprobe/core/statistics/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace physprobe {

namespace {

/// What is resampled: the statistic is sum(numerator) / sum(denominator) over the drawn units.
/// Without denominators each unit counts one, and the statistic is the mean.
struct Units {
  std::vector<double> numerators;
  std::vector<double> denominators;

  std::size_t count() const { return numerators.size(); }
  double denominator_sum() const {
    return denominators.empty() ? static_cast<double>(count()) : stable_sum(denominators);
  }
};

void require_finite(const std::vector<double>& values, const char* what) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw Error(
          ErrorKind::kInput, "bootstrap",
          fmt::format("{} {} is {}; leave failed items out and count them", what, i, values[i]));
    }
  }
}

double draw_statistic(const Units& units, Rng& rng) {
  const uint64_t count = units.count();
  const double* numerators = units.numerators.data();
  if (units.denominators.empty()) {
    double sum = 0.0;
    for (uint64_t i = 0; i < count; ++i) sum += numerators[rng.below(count)];
    return sum / static_cast<double>(count);
  }
  const double* denominators = units.denominators.data();
  while (true) {
    double numerator = 0.0;
    double denominator = 0.0;
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t unit = rng.below(count);
      numerator += numerators[unit];
      denominator += denominators[unit];
    }
    if (denominator > 0.0) return numerator / denominator;
  }
}

/// The statistics of all resamples. Blocks of fixed size have generators of their own,
/// so that the numbers do not depend on the threads.
std::vector<double> resampled_statistics(const Units& units, const BootstrapOptions& options) {
  constexpr int64_t kBlock = 256;
  constexpr int64_t kSerialBelowDraws = 2'000'000;
  std::vector<double> statistics(static_cast<std::size_t>(options.resamples));
  const auto run_block = [&](int64_t block) {
    Rng seeds(options.seed);
    Rng rng(seeds.next() + static_cast<uint64_t>(block));
    const int64_t end = std::min(options.resamples, (block + 1) * kBlock);
    for (int64_t i = block * kBlock; i < end; ++i) {
      statistics[static_cast<std::size_t>(i)] = draw_statistic(units, rng);
    }
  };
  const int64_t blocks = (options.resamples + kBlock - 1) / kBlock;
  if (options.resamples * static_cast<int64_t>(units.count()) < kSerialBelowDraws) {
    for (int64_t block = 0; block < blocks; ++block) run_block(block);
  } else {
    parallel_loop(blocks, 0, run_block);
  }
  return statistics;
}

/// The acceleration (Efron and Tibshirani 1993, equation 14.15) from the statistic with one unit
/// left out at a time; NaN when all these agree or one is undefined.
double acceleration(const Units& units) {
  const double numerator = stable_sum(units.numerators);
  const double denominator = units.denominator_sum();
  std::vector<double> left_out(units.count());
  for (std::size_t i = 0; i < left_out.size(); ++i) {
    const double remaining =
        denominator - (units.denominators.empty() ? 1.0 : units.denominators[i]);
    left_out[i] = (numerator - units.numerators[i]) / remaining;
    if (!(remaining > 0.0)) return kNaN;
  }
  const auto [least, greatest] = std::minmax_element(left_out.begin(), left_out.end());
  if (*least == *greatest) return kNaN;
  const double center = mean(left_out);
  std::vector<double> squares, cubes;
  for (const double value : left_out) {
    const double difference = center - value;
    squares.push_back(difference * difference);
    cubes.push_back(difference * difference * difference);
  }
  return stable_sum(cubes) / (6.0 * std::pow(stable_sum(squares), 1.5));
}

Interval bootstrap_units(const Units& units, const BootstrapOptions& options) {
  if (units.count() < 2)
    return resampled_interval({}, kNaN, kNaN, static_cast<int64_t>(units.count()), options);
  const bool is_bca = options.method == BootstrapOptions::Method::kBca;
  return resampled_interval(
      resampled_statistics(units, options), stable_sum(units.numerators) / units.denominator_sum(),
      is_bca ? acceleration(units) : kNaN, static_cast<int64_t>(units.count()), options);
}

}  // namespace

void BootstrapOptions::validate() const {
  if (resamples < 1 || resamples > 10'000'000) {
    throw Error(ErrorKind::kUsage, "statistics.resamples",
                fmt::format("is {}, expected 1 to 10000000", resamples));
  }
  if (!(level > 0.0 && level < 1.0)) {
    throw Error(ErrorKind::kUsage, "statistics.level",
                fmt::format("is {}, expected a number between 0 and 1 (exclusive)", level));
  }
}

Interval bootstrap_mean(const std::vector<double>& values, const BootstrapOptions& options) {
  options.validate();
  require_finite(values, "value");
  return bootstrap_units({values, {}}, options);
}

Interval bootstrap_mean_clustered(const std::vector<double>& values,
                                  const std::vector<std::string>& clusters,
                                  const BootstrapOptions& options) {
  options.validate();
  require_finite(values, "value");
  if (values.size() != clusters.size()) {
    throw Error(ErrorKind::kInternal, "bootstrap",
                fmt::format("{} values but {} cluster names", values.size(), clusters.size()));
  }
  std::map<std::string, std::vector<double>> members;
  for (std::size_t i = 0; i < values.size(); ++i) members[clusters[i]].push_back(values[i]);
  Units units;
  for (const auto& [name, cluster_values] : members) {
    units.numerators.push_back(stable_sum(cluster_values));
    units.denominators.push_back(static_cast<double>(cluster_values.size()));
  }
  return bootstrap_units(units, options);
}

Interval bootstrap_ratio(const std::vector<double>& numerator,
                         const std::vector<double>& denominator,
                         const BootstrapOptions& options) {
  options.validate();
  require_finite(numerator, "numerator");
  require_finite(denominator, "denominator");
  if (numerator.size() != denominator.size()) {
    throw Error(
        ErrorKind::kInternal, "bootstrap",
        fmt::format("{} numerators but {} denominators", numerator.size(), denominator.size()));
  }
  const bool has_negative =
      std::any_of(denominator.begin(), denominator.end(), [](double value) { return value < 0.0; });
  const bool is_zero = std::all_of(denominator.begin(), denominator.end(),
                                   [](double value) { return value == 0.0; });
  if (has_negative || (is_zero && !denominator.empty())) {
    throw Error(ErrorKind::kInput, "bootstrap",
                "the denominators of a ratio must not be negative and not all zero");
  }
  return bootstrap_units({numerator, denominator}, options);
}

}  // namespace physprobe
