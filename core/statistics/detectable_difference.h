#pragma once
// What a comparison could have found: the smallest difference that n units detect with a given
// power. A result "not significant" means little without it.

#include <cstdint>

namespace physprobe {

struct PowerOptions {
  double alpha = 0.05;  ///< Two-sided.
  double power = 0.8;
};

/// Between two systems on the same n units of which a share `discordant` is answered rightly by
/// exactly one: the d with n = (z_(1-alpha/2) sqrt(psi) + z_power sqrt(psi - d^2))^2 / d^2 (Connor
/// 1987, for McNemar's test). NaN when no difference up to `discordant` is detectable.
double detectable_paired_difference(int64_t n, double discordant, const PowerOptions& options = {});

/// Of one proportion above the chance level p0: the d with
/// n = (z_(1-alpha/2) sqrt(p0 q0) + z_power sqrt(p1 q1))^2 / d^2, p1 = p0 + d (Fleiss 1981, section
/// 1.4). NaN when none up to 1 - p0 is.
double detectable_difference_from(double p0, int64_t n, const PowerOptions& options = {});

}  // namespace physprobe
