#include "physprobe/probes/shuffled_null.h"

#include "physprobe/core/error.h"
#include "physprobe/core/rng.h"
#include "physprobe/core/statistics/summary.h"
#include "physprobe/probes/straightening.h"
#include "physprobe/probes/trajectory.h"

#include <string>
#include <vector>

namespace physprobe {

double shuffled_null(const at::Tensor& distances, int64_t permutations, uint64_t seed) {
  if (permutations < 1) {
    throw Error(ErrorKind::kUsage, "permutations",
                "is " + std::to_string(permutations) + ", expected at least 1");
  }
  Rng rng(seed);
  std::vector<double> curvatures;
  curvatures.reserve(static_cast<size_t>(permutations));
  for (int64_t repetition = 0; repetition < permutations; ++repetition) {
    const int64_t n_frames = distances.defined() && distances.dim() > 0 ? distances.size(0) : 0;
    const auto order = rng.permutation(n_frames);
    curvatures.push_back(straightening(geometry_in_order(distances, order)).mean_curvature_deg);
  }
  return mean(curvatures);
}

}  // namespace physprobe
