#pragma once
// Standard errors of a mean whose values come in clusters (pairs of one scene are not independent).

#include <string>
#include <vector>

namespace physprobe {

/// sqrt(sum over clusters of (sum over members of (y - mean))^2) / n: the sandwich estimate without
/// small-sample factor. With every value its own cluster it is the population standard deviation
/// over sqrt(n). NaN for no values. Throws Error(kInternal) if the sizes differ.
double cluster_robust_se(const std::vector<double>& values,
                         const std::vector<std::string>& clusters);

}  // namespace physprobe
