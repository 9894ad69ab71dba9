#pragma once
// The standard normal distribution in double precision, as intervals need it.

namespace physprobe {

/// P(Z <= z), through erfc so that small tails keep their relative precision.
double normal_cdf(double z);

/// The z with P(Z <= z) = p, relative error about 1e-15 (Acklam's rational approximation, 2003,
/// with one Halley step). -infinity at 0, infinity at 1, NaN outside [0, 1].
double normal_quantile(double p);

}  // namespace physprobe
