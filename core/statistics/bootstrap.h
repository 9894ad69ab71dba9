#pragma once
// Bootstrap confidence intervals over plain doubles. Every score carries its n and an interval.

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

struct BootstrapOptions {
  int64_t resamples = 9999;
  uint64_t seed = 0;
  double level = 0.95;  ///< In (0, 1).
  enum class Method { kPercentile, kBca } method = Method::kBca;
  /// Throws Error(kUsage) naming field, value and allowed range.
  void validate() const;
};

struct Interval {
  double low = 0.0;
  double high = 0.0;
  int64_t n = 0;  ///< Number of independent units resampled (clusters, if any).
  double level = 0.95;
  std::string method;  ///< "bca", "percentile", "wilson", …; "none" when n < 2 (low = high = NaN).
};

/// Interval of the mean of `values` (Efron and Tibshirani 1993, ch. 13 and 14). BCa falls back to
/// percentile when all jackknife values agree or no resample lies on one side of the observed
/// value; `method` then says so. Quantiles of the resamples are interpolated (type 7). The numbers
/// depend on the seed only, not on threads. Throws Error(kInput) naming the first value that is not
/// finite.
Interval bootstrap_mean(const std::vector<double>& values, const BootstrapOptions& options);

/// The same with whole clusters resampled: `clusters[i]` is the cluster of `values[i]`.
Interval bootstrap_mean_clustered(const std::vector<double>& values,
                                  const std::vector<std::string>& clusters,
                                  const BootstrapOptions& options);

/// Interval of sum(numerator) / sum(denominator), pairs resampled together. Denominators must not
/// be negative nor all zero (Error(kInput)); a resample whose denominators sum to zero is drawn
/// again.
Interval bootstrap_ratio(const std::vector<double>& numerator,
                         const std::vector<double>& denominator,
                         const BootstrapOptions& options);

}  // namespace physprobe
