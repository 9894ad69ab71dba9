#pragma once
// Perceptual straightening of one clip at one tap: curvature in both definitions, ReStraV's 21 numbers, and the layer
// profile against pixels. Formulas: Henaff, Goris, Simoncelli 2019; Interno et al. 2025 (straightening/curvature-1, henaff-2019, restrav/1).

#include <cstdint>
#include <string>
#include <vector>

#include "physprobe/core/statistics/bootstrap.h"
#include "physprobe/probes/trajectory.h"

namespace physprobe {

struct StraighteningResult {
  std::vector<double> distance;       ///< T-1.
  std::vector<double> curvature_deg;  ///< T-2; a zero step gives 90 on both neighbouring angles.
  double mean_curvature_deg = 0.0;         ///< NaN for T < 3.
  double henaff_mean_curvature_deg = 0.0;  ///< NaN for T < 3.
  std::vector<double> restrav;  ///< 21 numbers for T >= 8, fewer for shorter trajectories, empty for T < 3.
  int64_t n_zero_steps = 0;
  bool restrav_is_complete() const { return restrav.size() == 21; }
};

StraighteningResult straightening(const TrajectoryGeometry& geometry);

/// [d_0..d_6 | theta_0..theta_5 | mean, min, max, var of d | the same of theta]; population variance.
std::vector<double> restrav_features(const std::vector<double>& distance, const std::vector<double>& curvature_deg);

/// What to do with repeated frames before statistics are taken.
enum class RepeatedFrames { kReuse, kDrop, kError };
RepeatedFrames repeated_frames_from_name(const std::string& name);  ///< "reuse", "drop", "error".

/// One row of the layer profile: a tap against pixels over videos.
struct LayerProfileRow {
  std::string tap;
  int64_t n = 0;                   ///< Videos with both curvatures defined.
  double mean_curvature_deg = 0.0;
  Interval mean_interval;
  double difference_deg = 0.0;     ///< Mean over videos of tap minus pixel; negative = straighter.
  Interval difference_interval;
  double ratio = 0.0;              ///< Mean tap curvature / mean pixel curvature.
  Interval ratio_interval;
  double share_straighter = 0.0;   ///< Share of videos with tap < pixel; ties count half.
  Interval share_interval;         ///< Wilson.
};

/// `tap_deg` and `pixel_deg` are per video in the same order; NaN rows are left out and counted (n).
LayerProfileRow layer_profile(const std::string& tap,
                              const std::vector<double>& tap_deg,
                              const std::vector<double>& pixel_deg,
                              const BootstrapOptions& options);

}  // namespace physprobe
