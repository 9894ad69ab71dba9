#pragma once
// What the v1 tests share: golden frames as encoder input, interpolated sequences and the angles of
// a trajectory.

#include "support/golden.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

namespace physprobe::testing {

inline nlohmann::json golden_json(const std::string& name) {
  std::ifstream file(golden_path("v1_encoder/" + name));
  return nlohmann::json::parse(file);
}

/// (T, H, W) grey levels 0..255 of any dtype to (1, T, 1, H, W) in 0..1.
inline at::Tensor v1_input(const at::Tensor& levels) {
  return (levels.to(at::kFloat) / 255.0).unsqueeze(0).unsqueeze(2).contiguous();
}

/// `count` float frames from `first` to `last` (H, W): (1-t) first + t last.
inline at::Tensor float_fade(const at::Tensor& first, const at::Tensor& last, int64_t count) {
  std::vector<at::Tensor> frames;
  for (int64_t i = 0; i < count; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(count - 1);
    frames.push_back(first.to(at::kFloat) * (1.0 - t) + last.to(at::kFloat) * t);
  }
  return at::stack(frames);
}

struct TrajectoryAngles {
  std::vector<double> steps;       ///< T-1 lengths.
  std::vector<double> angles_deg;  ///< T-2 angles; NaN beside a step of length 0.
  double mean_deg = 0.0;
};

/// Angles between successive steps of the rows of `points` (T, D), in double.
inline TrajectoryAngles trajectory_angles(const at::Tensor& points) {
  const at::Tensor rows = points.to(at::kDouble);
  TrajectoryAngles result;
  std::vector<at::Tensor> units;
  for (int64_t t = 0; t + 1 < rows.size(0); ++t) {
    const at::Tensor step = rows[t + 1] - rows[t];
    result.steps.push_back(step.norm().item<double>());
    units.push_back(step / result.steps.back());
  }
  for (std::size_t t = 0; t + 1 < units.size(); ++t) {
    const double cosine = (units[t] * units[t + 1]).sum().item<double>();
    const double clamped = cosine > 1.0 ? 1.0 : (cosine < -1.0 ? -1.0 : cosine);
    result.angles_deg.push_back(std::acos(clamped) * 180.0 / 3.14159265358979323846);
    result.mean_deg += result.angles_deg.back();
  }
  result.mean_deg /= static_cast<double>(result.angles_deg.size());
  return result;
}

}  // namespace physprobe::testing
