#pragma once
// Error consistency: do two systems err on the same items, beyond what their accuracies make them
// do? Geirhos, Meding and Wichmann (2020).

#include "physprobe/core/statistics/bootstrap.h"

#include <cstdint>
#include <vector>

namespace physprobe {

/// Items by who is right.
struct AgreementCounts {
  int64_t both = 0;
  int64_t only_first = 0;
  int64_t only_second = 0;
  int64_t neither = 0;
  int64_t n() const { return both + only_first + only_second + neither; }
};

/// Non-zero is right. Throws Error(kInternal) if the sizes differ.
AgreementCounts count_agreement(const std::vector<uint8_t>& first,
                                const std::vector<uint8_t>& second);

struct Range {
  double low = 0.0;
  double high = 0.0;
};

/// Numbers that do not exist are NaN.
struct ErrorConsistency {
  int64_t n = 0;
  double first_accuracy = 0.0;
  double second_accuracy = 0.0;
  double expected = 0.0;         ///< Agreement of independent systems: p1 p2 + (1 - p1)(1 - p2).
  double observed = 0.0;         ///< Both right or both wrong; the responses themselves may differ.
  double kappa = 0.0;            ///< (observed - expected) / (1 - expected); 1 when observed is 1.
  bool is_degenerate = false;    ///< expected is 1: kappa is 1 by convention, not by measurement.
  double kappa_corrected = 0.0;  ///< For small samples: n kappa / (n - 1 + kappa).
  Range kappa_possible;          ///< Given the two accuracies; NaN when one of them is 0 or 1.
  /// Probability with which the weaker system copies the better one (copy model); NaN when the
  /// better one's accuracy is 0 or 1.
  double copy_probability = 0.0;
};

ErrorConsistency error_consistency(const AgreementCounts& counts);

/// kappa alone; NaN when expected is 1 (the later toolkit's convention, which resampling needs).
double kappa_of(const AgreementCounts& counts);

/// Agreement that is possible for an expected agreement.
Range observed_consistency_range(double expected);
/// Accuracies the second system may have, given the first one's and kappa: unbounded below 0 and
/// above 1 where the formula is.
Range accuracy_range(double first_accuracy, double kappa);

struct KappaInterval {
  Interval interval;
  int64_t undefined_resamples = 0;  ///< Left out: expected agreement 1.
};

/// Percentile bootstrap over items (the reference's 10,000 resamples unless told otherwise). The
/// large-sample normal interval is wrong near 0 and 1 and not offered.
KappaInterval kappa_interval(const AgreementCounts& counts, const BootstrapOptions& options);

/// Share of simulated pairs of independent systems whose |kappa| exceeds the observed one, the
/// systems' accuracies drawn from Beta(right, wrong). NaN when a system is always right or wrong.
double independence_p_value(const AgreementCounts& counts, int64_t simulations, uint64_t seed);

}  // namespace physprobe
