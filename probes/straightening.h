#pragma once
// Perceptual straightening of one clip at one tap: curvature in both definitions, ReStraV's 21
// numbers, and the layer profile against pixels. Formulas: Henaff, Goris, Simoncelli 2019; Interno
// et al. 2025 (straightening/curvature-1, henaff-2019, restrav/1).

#include "physprobe/core/statistics/bootstrap.h"
#include "physprobe/probes/trajectory.h"

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

struct StraighteningResult {
  std::vector<double> distance;       ///< T-1.
  std::vector<double> curvature_deg;  ///< T-2; a zero step gives 90 on both neighbouring angles.
  double mean_curvature_deg = 0.0;    ///< NaN for T < 3.
  double henaff_mean_curvature_deg = 0.0;  ///< NaN for T < 3.
  std::vector<double>
      restrav;  ///< 21 numbers for T >= 8, fewer for shorter trajectories, empty for T < 3.
  int64_t n_zero_steps = 0;
  bool restrav_is_complete() const { return restrav.size() == 21; }
};

/// Angles are acos of the clamped cosines, in degrees; means over all of them.
/// Throws Error(kInput) if the lengths of distance and cosines do not belong to one trajectory.
StraighteningResult straightening(const TrajectoryGeometry& geometry);

/// acos(cosine) in degrees, the cosine clamped to [-1, 1].
double angle_deg(double cosine);

/// [d_0..d_6 | theta_0..theta_5 | mean, min, max, var of d | the same of theta]; population
/// variance, over all steps and angles. Shorter trajectories give min(7, T-1) + min(6, T-2) + 8
/// numbers, T < 3 none.
std::vector<double> restrav_features(const std::vector<double>& distance,
                                     const std::vector<double>& curvature_deg);

/// What to do with repeated frames before statistics are taken.
enum class RepeatedFrames {
  kReuse,  ///< Keep them: a step of 0 with 90 degrees on both sides (the reference's meaning).
  kDrop,   ///< As if each distinct frame had been shown once.
  kError,  ///< Refuse the clip.
};
/// "reuse", "drop", "error". Throws Error(kUsage) with the nearest name.
RepeatedFrames repeated_frames_from_name(const std::string& name);

/// The geometry that statistics are taken from. kDrop: only live steps, the cosines across a repeat
/// being those of the live steps on its two sides; n_frames is then 1 + live steps. kError:
/// Error(kInput) with the count if there is a zero step.
TrajectoryGeometry with_repeated_frames(const TrajectoryGeometry& geometry, RepeatedFrames rule);

/// One row of the layer profile: a tap against pixels over videos.
struct LayerProfileRow {
  std::string tap;
  int64_t n = 0;  ///< Videos with both curvatures defined.
  double mean_curvature_deg = 0.0;
  Interval mean_interval;
  double difference_deg = 0.0;  ///< Mean over videos of tap minus pixel; negative = straighter.
  Interval difference_interval;
  double ratio = 0.0;  ///< Mean tap curvature / mean pixel curvature; NaN if the latter is 0.
  Interval ratio_interval;
  double share_straighter = 0.0;  ///< Share of videos with tap < pixel; ties count half.
  Interval share_interval;        ///< Wilson.
};

/// `tap_deg` and `pixel_deg` are per video in the same order; NaN rows are left out and counted
/// (n). With n = 0 every number is NaN and the intervals' method is "none". Throws Error(kInput)
/// for lists of unequal length or an infinite curvature, Error(kUsage) for bad options.
LayerProfileRow layer_profile(const std::string& tap,
                              const std::vector<double>& tap_deg,
                              const std::vector<double>& pixel_deg,
                              const BootstrapOptions& options);

}  // namespace physprobe
