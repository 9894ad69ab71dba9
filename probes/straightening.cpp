#include "physprobe/probes/straightening.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/core/pi.h"
#include "physprobe/core/statistics/proportion.h"
#include "physprobe/core/statistics/summary.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace physprobe {
namespace {

constexpr size_t kRestravSteps = 7;
constexpr size_t kRestravAngles = 6;

std::vector<double> angles_deg(const std::vector<double>& cosines) {
  std::vector<double> angles;
  angles.reserve(cosines.size());
  for (const double cosine : cosines) angles.push_back(angle_deg(cosine));
  return angles;
}

void append_summary(const std::vector<double>& values, std::vector<double>& features) {
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  features.insert(features.end(), {mean(values), *least, *greatest, variance(values, 0)});
}

void require_consistent(const TrajectoryGeometry& geometry) {
  const size_t steps = geometry.distance.size();
  const size_t angles = steps < 2 ? 0 : steps - 1;
  if (geometry.cosine.size() != angles || geometry.henaff_cosine.size() != angles) {
    throw Error(ErrorKind::kInput, "trajectory geometry",
                std::to_string(steps) + " steps with " + std::to_string(geometry.cosine.size()) +
                    " and " + std::to_string(geometry.henaff_cosine.size()) +
                    " cosines, expected " + std::to_string(angles) + " of each");
  }
}

}  // namespace

double angle_deg(double cosine) {
  return std::acos(std::clamp(cosine, -1.0, 1.0)) * (180.0 / kPi);
}

StraighteningResult straightening(const TrajectoryGeometry& geometry) {
  require_consistent(geometry);
  StraighteningResult result;
  result.distance = geometry.distance;
  result.curvature_deg = angles_deg(geometry.cosine);
  result.mean_curvature_deg = mean(result.curvature_deg);
  result.henaff_mean_curvature_deg = mean(angles_deg(geometry.henaff_cosine));
  result.restrav = restrav_features(result.distance, result.curvature_deg);
  result.n_zero_steps = geometry.n_zero_steps;
  return result;
}

std::vector<double> restrav_features(const std::vector<double>& distance,
                                     const std::vector<double>& curvature_deg) {
  std::vector<double> features;
  if (distance.empty() || curvature_deg.empty()) return features;
  const auto head = [&](const std::vector<double>& values, size_t limit) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(limit, values.size()));
    features.insert(features.end(), values.begin(), values.begin() + count);
  };
  head(distance, kRestravSteps);
  head(curvature_deg, kRestravAngles);
  append_summary(distance, features);
  append_summary(curvature_deg, features);
  return features;
}

RepeatedFrames repeated_frames_from_name(const std::string& name) {
  if (name == "reuse") return RepeatedFrames::kReuse;
  if (name == "drop") return RepeatedFrames::kDrop;
  if (name == "error") return RepeatedFrames::kError;
  throw Error(ErrorKind::kUsage, name,
              "not a rule for repeated frames" + did_you_mean(name, {"reuse", "drop", "error"}));
}

TrajectoryGeometry with_repeated_frames(const TrajectoryGeometry& geometry, RepeatedFrames rule) {
  require_consistent(geometry);
  if (rule == RepeatedFrames::kReuse || geometry.n_zero_steps == 0) return geometry;
  if (rule == RepeatedFrames::kError) {
    throw Error(ErrorKind::kInput, "trajectory",
                std::to_string(geometry.n_zero_steps) + " of " +
                    std::to_string(geometry.distance.size()) +
                    " steps repeat the frame before, and the rule for repeated frames is 'error'; "
                    "sample at the clip's own rate, or choose 'reuse' or 'drop'");
  }
  TrajectoryGeometry kept;
  kept.chord = geometry.chord;
  for (const double step : geometry.distance) {
    if (step != 0.0) kept.distance.push_back(step);
  }
  kept.n_frames = 1 + static_cast<int64_t>(kept.distance.size());
  kept.cosine = kept.live_cosine = geometry.live_cosine;
  kept.henaff_cosine = kept.live_henaff_cosine = geometry.live_henaff_cosine;
  require_consistent(kept);
  return kept;
}

LayerProfileRow layer_profile(const std::string& tap,
                              const std::vector<double>& tap_deg,
                              const std::vector<double>& pixel_deg,
                              const BootstrapOptions& options) {
  options.validate();
  if (tap_deg.size() != pixel_deg.size()) {
    throw Error(ErrorKind::kInput, tap,
                std::to_string(tap_deg.size()) + " curvatures of the tap and " +
                    std::to_string(pixel_deg.size()) + " of pixels, expected one pair per video");
  }
  std::vector<double> of_tap;
  std::vector<double> of_pixels;
  std::vector<double> differences;
  double straighter = 0.0;
  for (size_t video = 0; video < tap_deg.size(); ++video) {
    const double a = tap_deg[video];
    const double b = pixel_deg[video];
    if (std::isnan(a) || std::isnan(b)) continue;
    if (std::isinf(a) || std::isinf(b)) {
      throw Error(ErrorKind::kInput, tap,
                  "the curvature of video " + std::to_string(video) +
                      " is infinite, expected degrees, or NaN where it is undefined");
    }
    of_tap.push_back(a);
    of_pixels.push_back(b);
    differences.push_back(a - b);
    straighter += a < b ? 1.0 : (a == b ? 0.5 : 0.0);
  }
  const double undefined = std::numeric_limits<double>::quiet_NaN();
  LayerProfileRow row;
  row.tap = tap;
  row.n = static_cast<int64_t>(of_tap.size());
  row.mean_curvature_deg = mean(of_tap);
  row.difference_deg = mean(differences);
  if (row.n == 0) {
    const Interval none{undefined, undefined, 0, options.level, "none"};
    row.ratio = row.share_straighter = undefined;
    row.mean_interval = row.difference_interval = row.ratio_interval = row.share_interval = none;
    return row;
  }
  row.mean_interval = bootstrap_mean(of_tap, options);
  row.difference_interval = bootstrap_mean(differences, options);
  const double pixel_sum = stable_sum(of_pixels);
  if (pixel_sum == 0.0) {
    row.ratio = undefined;
    row.ratio_interval = Interval{undefined, undefined, row.n, options.level, "none"};
  } else {
    row.ratio = stable_sum(of_tap) / pixel_sum;
    row.ratio_interval = bootstrap_ratio(of_tap, of_pixels, options);
  }
  row.share_straighter = straighter / static_cast<double>(row.n);
  row.share_interval = wilson_interval(straighter, row.n, options.level);
  return row;
}

}  // namespace physprobe
