#include "physprobe/probes/geophys.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/core/statistics/summary.h"
#include "physprobe/probes/embedding_rows.h"
#include "physprobe/probes/prediction_residual.h"
#include "physprobe/probes/step_kernel.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace physprobe {
namespace {

using StandardDeviation = GeophysOptions::StandardDeviation;
using ZeroStep = GeophysOptions::ZeroStep;
using Residual = GeophysOptions::Residual;

/// Steps up to this share of the largest count as zero (geophys.md section 1).
constexpr double kZeroShare = 1e-12;

constexpr std::array<std::pair<const char*, StandardDeviation>, 2> kStandardDeviations = {
    {{"population", StandardDeviation::kPopulation}, {"sample", StandardDeviation::kSample}}};
constexpr std::array<std::pair<const char*, ZeroStep>, 2> kZeroSteps = {
    {{"skip", ZeroStep::kSkip}, {"zero", ZeroStep::kZeroAngle}}};
constexpr std::array<std::pair<const char*, Residual>, 5> kResiduals = {
    {{"affine_span", Residual::kAffineSpan},
     {"linear_span", Residual::kLinearSpan},
     {"trend", Residual::kTrend},
     {"scalar_ar", Residual::kScalarAr},
     {"ridge_ar", Residual::kRidgeAr}}};

template <typename Table, typename Value>
std::string name_of(const Table& table, Value value) {
  for (const auto& [name, entry] : table) {
    if (entry == value) return name;
  }
  throw Error(ErrorKind::kInternal, "geophys", "an option has no name");
}

template <typename Table>
auto from_name(const Table& table, const std::string& name, const char* field) {
  std::vector<std::string> known;
  for (const auto& [entry, value] : table) {
    if (name == entry) return value;
    known.emplace_back(entry);
  }
  throw Error(ErrorKind::kUsage, field, "unknown value '" + name + "'" + did_you_mean(name, known));
}

std::optional<double> defined(double value) {
  return std::isnan(value) ? std::nullopt : std::optional<double>(value);
}

std::optional<double> deviation(const std::vector<double>& values, StandardDeviation kind) {
  return defined(std::sqrt(variance(values, kind == StandardDeviation::kSample ? 1 : 0)));
}

/// Angle between two live steps: 2 atan2(|a - b|, |a + b|) of their unit vectors, which keeps full
/// precision near 0 and pi, where arccos loses half of it.
double angle_between(
    const double* a, double a_length, const double* b, double b_length, int64_t size) {
  double apart = 0.0;
  double together = 0.0;
  for (int64_t i = 0; i < size; ++i) {
    const double x = a[i] / a_length;
    const double y = b[i] / b_length;
    apart += (x - y) * (x - y);
    together += (x + y) * (x + y);
  }
  return 2.0 * std::atan2(std::sqrt(apart), std::sqrt(together));
}

void require_finite(const GeophysStatistics& statistics) {
  const auto all_finite = [](const std::vector<double>& values) {
    return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
  };
  if (!all_finite(statistics.step_length) || !all_finite(statistics.acceleration_squared) ||
      !all_finite(statistics.residual_norm)) {
    throw Error(ErrorKind::kInput, "trajectory",
                "squared lengths overflow float64; rescale the embedding");
  }
}

}  // namespace

void GeophysOptions::validate() const {
  const int64_t least = residual == Residual::kTrend ? 2 : 1;
  if (history < least || history > 1000) {
    throw Error(ErrorKind::kUsage, "geophys.history",
                "is " + std::to_string(history) + ", expected " + std::to_string(least) +
                    " to 1000 for the residual '" + name_of(kResiduals, residual) + "'");
  }
}

std::string GeophysOptions::canonical() const {
  return "geophys/1 std=" + name_of(kStandardDeviations, standard_deviation) +
         " zero_step=" + name_of(kZeroSteps, zero_step) +
         " residual=" + name_of(kResiduals, residual) + " history=" + std::to_string(history);
}

StandardDeviation geophys_standard_deviation_from_name(const std::string& name) {
  return from_name(kStandardDeviations, name, "geophys.std");
}

ZeroStep geophys_zero_step_from_name(const std::string& name) {
  return from_name(kZeroSteps, name, "geophys.zero_step");
}

Residual geophys_residual_from_name(const std::string& name) {
  return from_name(kResiduals, name, "geophys.perr");
}

GeophysStatistics geophys_statistics(const at::Tensor& trajectory, const GeophysOptions& options) {
  options.validate();
  const at::Tensor rows = finite_double_rows(trajectory, "trajectory");
  const int64_t n_frames = rows.size(0);
  const int64_t size = rows.size(1);
  const double* frames = rows.data_ptr<double>();
  GeophysStatistics result;
  if (n_frames == 0) return result;

  std::vector<double> steps(static_cast<size_t>(std::max<int64_t>(n_frames - 1, 0) * size));
  for (int64_t t = 0; t + 1 < n_frames; ++t) {
    const double* from = frames + t * size;
    const double* to = from + size;
    for (int64_t i = 0; i < size; ++i) steps[static_cast<size_t>(t * size + i)] = to[i] - from[i];
    result.step_length.push_back(std::sqrt(step_kernel::squared_distance(to, from, size)));
  }
  const double largest = result.step_length.empty() ? 0.0
                                                    : *std::max_element(result.step_length.begin(),
                                                                        result.step_length.end());

  std::vector<double> angles;
  for (int64_t t = 0; t + 2 < n_frames; ++t) {
    const double* a = steps.data() + t * size;
    const double* b = a + size;
    const double a_length = result.step_length[static_cast<size_t>(t)];
    const double b_length = result.step_length[static_cast<size_t>(t) + 1];
    result.acceleration_squared.push_back(step_kernel::squared_distance(b, a, size));
    const bool is_live = std::min(a_length, b_length) > kZeroShare * largest;
    if (!is_live && options.zero_step == ZeroStep::kSkip) {
      result.turning_radians.emplace_back(std::nullopt);
      continue;
    }
    angles.push_back(is_live ? angle_between(a, a_length, b, b_length, size) : 0.0);
    result.turning_radians.emplace_back(angles.back());
  }
  if (n_frames > options.history) {
    result.residual_norm = prediction_residual(span_coordinates(frames, n_frames, size), options);
  }
  require_finite(result);

  result.speed = deviation(result.step_length, options.standard_deviation);
  result.curv = defined(mean(angles));
  result.ang = deviation(angles, options.standard_deviation);
  result.accel = defined(mean(result.acceleration_squared));
  result.perr = defined(mean(result.residual_norm));
  return result;
}

}  // namespace physprobe
