#include "physprobe/probes/prediction_residual.h"

#include "physprobe/core/statistics/summary.h"

#include <cmath>

namespace physprobe {
namespace {

/// Directions below this share of the largest singular value are rounding (geophys.md section 1).
constexpr double kRelativeCut = 1e-10;
constexpr double kRidgeShare = 0.1;

double norm(const Column& column) {
  return std::sqrt(dot(column, column));
}

Column difference(const Column& a, const Column& b) {
  Column result(a.size());
  for (size_t i = 0; i < a.size(); ++i) result[i] = a[i] - b[i];
  return result;
}

double span_residual(const Columns& frames, size_t target, size_t history, bool affine) {
  const Column& anchor = frames[target - 1];
  Columns directions;
  for (size_t back = affine ? 2 : 1; back <= history; ++back) {
    const Column& past = frames[target - back];
    directions.push_back(affine ? difference(past, anchor) : past);
  }
  return norm(reject(affine ? difference(frames[target], anchor) : frames[target],
                     orthonormal_basis(std::move(directions), kRelativeCut)));
}

/// Weights of the last H frames, oldest first, in the value that their least-squares line takes one
/// frame on.
std::vector<double> extrapolation_weights(size_t history) {
  const auto count = static_cast<double>(history);
  const double centre = 0.5 * (count - 1.0);
  double spread = 0.0;
  for (size_t i = 0; i < history; ++i) {
    spread += (static_cast<double>(i) - centre) * (static_cast<double>(i) - centre);
  }
  std::vector<double> weights;
  for (size_t i = 0; i < history; ++i) {
    weights.push_back(1.0 / count + (count - centre) * (static_cast<double>(i) - centre) / spread);
  }
  return weights;
}

std::vector<double> trend_residuals(const Columns& frames, size_t history) {
  const auto weights = extrapolation_weights(history);
  std::vector<double> residuals;
  for (size_t target = history; target < frames.size(); ++target) {
    Column rest = frames[target];
    for (size_t i = 0; i < history; ++i) {
      const Column& past = frames[target - history + i];
      for (size_t k = 0; k < rest.size(); ++k) rest[k] -= weights[i] * past[k];
    }
    residuals.push_back(norm(rest));
  }
  return residuals;
}

std::vector<double> scalar_ar_residuals(const Columns& frames, size_t history) {
  const size_t width = frames.front().size();
  const auto stacked = [&](size_t lag) {
    Column column;
    column.reserve((frames.size() - history) * width);
    for (size_t target = history; target < frames.size(); ++target) {
      const Column& frame = frames[target - lag];
      column.insert(column.end(), frame.begin(), frame.end());
    }
    return column;
  };
  Columns regressors;
  for (size_t lag = 1; lag <= history; ++lag) regressors.push_back(stacked(lag));
  const Column rest = reject(stacked(0), orthonormal_basis(std::move(regressors), kRelativeCut));
  std::vector<double> residuals;
  for (size_t begin = 0; begin < rest.size(); begin += width) {
    const auto first = rest.begin() + static_cast<std::ptrdiff_t>(begin);
    residuals.push_back(norm(Column(first, first + static_cast<std::ptrdiff_t>(width))));
  }
  return residuals;
}

/// With K the Gram matrix of the windows and l the penalty, the fit is K (K + l)^-1 Y, so the
/// residual is l (K + l)^-1 Y: no matrix of size (H D)^2 is ever formed.
std::vector<double> ridge_ar_residuals(const Columns& frames, size_t history) {
  const size_t windows = frames.size() - history;
  std::vector<double> gram(windows * windows);
  for (size_t i = 0; i < windows; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double sum = 0.0;
      for (size_t h = 0; h < history; ++h) sum += dot(frames[i + h], frames[j + h]);
      gram[i * windows + j] = gram[j * windows + i] = sum;
    }
  }
  std::vector<double> diagonal;
  for (size_t i = 0; i < windows; ++i) diagonal.push_back(gram[i * windows + i]);
  const double penalty = kRidgeShare * mean(diagonal);
  const size_t width = frames.front().size();
  Columns solved(width, Column(windows));
  for (size_t k = 0; k < width; ++k) {
    for (size_t i = 0; i < windows; ++i) solved[k][i] = frames[i + history][k];
  }
  if (penalty >
      0.0) {  // else every past frame is zero, the map predicts zero, and the targets remain
    for (size_t i = 0; i < windows; ++i) gram[i * windows + i] += penalty;
    solve_positive_definite(std::move(gram), static_cast<int64_t>(windows), solved);
    for (Column& column : solved) {
      for (double& value : column) value *= penalty;
    }
  }
  std::vector<double> residuals;
  for (size_t i = 0; i < windows; ++i) {
    Column rest;
    for (const Column& column : solved) rest.push_back(column[i]);
    residuals.push_back(norm(rest));
  }
  return residuals;
}

}  // namespace

std::vector<double> prediction_residual(const Columns& frames, const GeophysOptions& options) {
  const auto history = static_cast<size_t>(options.history);
  if (frames.size() <= history) return {};
  switch (options.residual) {
    case GeophysOptions::Residual::kTrend:
      return trend_residuals(frames, history);
    case GeophysOptions::Residual::kScalarAr:
      return scalar_ar_residuals(frames, history);
    case GeophysOptions::Residual::kRidgeAr:
      return ridge_ar_residuals(frames, history);
    case GeophysOptions::Residual::kAffineSpan:
    case GeophysOptions::Residual::kLinearSpan:
      break;
  }
  const bool affine = options.residual == GeophysOptions::Residual::kAffineSpan;
  std::vector<double> residuals;
  for (size_t target = history; target < frames.size(); ++target) {
    residuals.push_back(span_residual(frames, target, history, affine));
  }
  return residuals;
}

}  // namespace physprobe
