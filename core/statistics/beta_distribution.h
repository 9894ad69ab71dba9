#pragma once
// The beta distribution in double precision, as exact intervals of a proportion need it.

namespace physprobe {

/// I_x(a, b), the probability that a Beta(a, b) variable is at most x; a, b > 0. Continued fraction
/// by Lentz' method (Press et al. 2007, section 6.4); absolute error about 1e-12 up to a + b = 1e5.
double beta_cdf(double x, double a, double b);

/// The x with I_x(a, b) = p, by bisection to the last bits; 0 at p <= 0, 1 at p >= 1.
double beta_quantile(double p, double a, double b);

/// log Gamma(x), x > 0. std::lgamma writes a global variable, which threads must not share.
double log_gamma(double x);

}  // namespace physprobe
