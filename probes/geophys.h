#pragma once
// GeoPhys' five training-free trajectory statistics (Interno et al. 2026, protocol geophys/1) with
// their unsettled choices as named options.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace physprobe {

struct GeophysOptions {
  enum class StandardDeviation {
    kPopulation,
    kSample
  } standard_deviation = StandardDeviation::kPopulation;
  /// A step counts as zero up to 1e-12 of the largest. kSkip leaves its angles out; kZeroAngle
  /// reads them as 0.
  enum class ZeroStep { kSkip, kZeroAngle } zero_step = ZeroStep::kSkip;
  /// What the past predicts for z_{t+1}; the residual is the distance from it.
  enum class Residual {
    kAffineSpan,  ///< The nearest point of the affine span of the last H frames.
    kLinearSpan,  ///< The nearest point of their span through the origin.
    kTrend,       ///< Their least-squares line, extrapolated by one frame (H >= 2).
    kScalarAr,    ///< sum_h c_h z_{t-h}: H coefficients for all coordinates, fitted on the clip
                  ///< itself.
    kRidgeAr,     ///< The full linear map, ridge 0.1 x mean diagonal of the windows' Gram matrix,
                  ///< fitted on the clip.
  } residual = Residual::kAffineSpan;
  int64_t history = 3;  ///< H, frames the residual's prediction looks back.
  /// Throws Error(kUsage) naming field, value and allowed range.
  void validate() const;
  /// Every field in a fixed order, for provenance.
  std::string canonical() const;
};

/// The value of an option from its name in `canonical()`: "population", "sample"; "skip", "zero";
/// "affine_span", "linear_span", "trend", "scalar_ar", "ridge_ar". Throw Error(kUsage) with the
/// nearest name.
GeophysOptions::StandardDeviation geophys_standard_deviation_from_name(const std::string& name);
GeophysOptions::ZeroStep geophys_zero_step_from_name(const std::string& name);
GeophysOptions::Residual geophys_residual_from_name(const std::string& name);

/// nullopt = undefined for this trajectory (too short, or no live pair of steps).
struct GeophysStatistics {
  std::optional<double> speed;  ///< Standard deviation of step lengths.
  std::optional<double> curv;   ///< Mean turning angle, radians.
  std::optional<double> ang;    ///< Standard deviation of turning angles, radians.
  std::optional<double> accel;  ///< Mean squared norm of second differences.
  std::optional<double> perr;   ///< Mean norm of the prediction residual.
  // Per-frame series: they say when.
  std::vector<double> step_length;                     ///< T-1.
  std::vector<std::optional<double>> turning_radians;  ///< T-2; nullopt = skipped.
  std::vector<double> acceleration_squared;            ///< T-2.
  std::vector<double> residual_norm;                   ///< T-H: entry i belongs to frame i + H.
};

/// `trajectory` (T, D), one pooled vector per frame, of a floating type; all arithmetic in double
/// on the given values. Larger = less regular, for all five. Only curv and ang are free of scale:
/// never compare the others between layers, encoders or frame rates. Cost O(D T^2). Throws
/// Error(kInput) for another shape or type, a non-finite value (naming its frame), or overflow.
GeophysStatistics geophys_statistics(const at::Tensor& trajectory,
                                     const GeophysOptions& options = {});

}  // namespace physprobe
