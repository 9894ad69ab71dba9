#include "physprobe/core/statistics/cluster_robust.h"

#include "physprobe/core/error.h"
#include "physprobe/core/statistics/summary.h"

#include <cmath>
#include <limits>
#include <map>

namespace physprobe {

double cluster_robust_se(const std::vector<double>& values,
                         const std::vector<std::string>& clusters) {
  if (values.size() != clusters.size())
    throw Error(ErrorKind::kInternal, "cluster_robust_se", "as many clusters as values expected");
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double center = mean(values);
  std::map<std::string, double> sums;
  for (std::size_t i = 0; i < values.size(); ++i) sums[clusters[i]] += values[i] - center;
  std::vector<double> squares;
  for (const auto& [cluster, sum] : sums) squares.push_back(sum * sum);
  return std::sqrt(stable_sum(squares)) / static_cast<double>(values.size());
}

}  // namespace physprobe
