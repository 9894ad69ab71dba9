#pragma once
// GeoPhys' five training-free trajectory statistics (Interno et al. 2026, protocol geophys/1) with their unsettled choices as
// named options.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace physprobe {

struct GeophysOptions {
  enum class StandardDeviation { kPopulation, kSample } standard_deviation = StandardDeviation::kPopulation;
  enum class ZeroStep { kSkip, kZeroAngle } zero_step = ZeroStep::kSkip;
  enum class Residual { kAffineSpan, kLinearSpan, kTrend, kScalarAr, kRidgeAr } residual = Residual::kAffineSpan;
  int64_t history = 3;  ///< H, frames the residual's prediction looks back.
  void validate() const;
  std::string canonical() const;
};

/// nullopt = undefined for this trajectory (too short, or no live pair of steps).
struct GeophysStatistics {
  std::optional<double> speed;  ///< Standard deviation of step lengths.
  std::optional<double> curv;   ///< Mean turning angle, radians.
  std::optional<double> ang;    ///< Standard deviation of turning angles, radians.
  std::optional<double> accel;  ///< Mean squared norm of second differences.
  std::optional<double> perr;   ///< Mean norm of the prediction residual.
  // Per-frame series: they say when.
  std::vector<double> step_length;                    ///< T-1.
  std::vector<std::optional<double>> turning_radians; ///< T-2.
  std::vector<double> acceleration_squared;           ///< T-2.
  std::vector<double> residual_norm;                  ///< T-H.
};

/// `trajectory` (T, D), one pooled vector per frame; all arithmetic in double.
GeophysStatistics geophys_statistics(const at::Tensor& trajectory, const GeophysOptions& options = {});

}  // namespace physprobe
