// Uses the installed headers and libraries the way an outside project would.
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/probes/straightening.h"
#include "physprobe/probes/trajectory.h"
#include "physprobe/video/sampling.h"

#include <ATen/ATen.h>

#include <cmath>
#include <cstdio>

int main() {
  // There and back again: every turn is a reversal.
  const at::Tensor trajectory = at::tensor({0.0, 1.0, 0.0, 1.0}).reshape({4, 1});
  const auto result = physprobe::straightening(physprobe::trajectory_geometry(trajectory));
  std::printf("mean curvature %.1f degrees, %zu encoder families\n", result.mean_curvature_deg,
              physprobe::encoder_families().size());
  return std::abs(result.mean_curvature_deg - 180.0) < 0.05 &&
                 !physprobe::encoder_families().empty()
             ? 0
             : 1;
}
