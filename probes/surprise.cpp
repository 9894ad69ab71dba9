#include "physprobe/probes/surprise.h"

#include "physprobe/core/error.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

namespace physprobe {
namespace {

constexpr double kTargetEps = 1e-5;

}  // namespace

at::Tensor normalised_tokens(const at::Tensor& tokens) {
  at::Tensor normalised =
      tokens.to(at::kDouble, /*non_blocking=*/false, /*copy=*/true).contiguous();
  const int64_t width = normalised.size(-1);
  if (width == 0 || normalised.numel() == 0) return normalised;
  double* row = normalised.data_ptr<double>();
  for (int64_t t = normalised.numel() / width; t > 0; --t, row += width) {
    double mean = 0.0;
    for (int64_t d = 0; d < width; ++d) mean += row[d];
    mean /= static_cast<double>(width);
    double squares = 0.0;
    for (int64_t d = 0; d < width; ++d) squares += (row[d] - mean) * (row[d] - mean);
    const double scale = 1.0 / std::sqrt(squares / static_cast<double>(width) + kTargetEps);
    for (int64_t d = 0; d < width; ++d) row[d] = (row[d] - mean) * scale;
  }
  return normalised;
}

at::Tensor token_surprise(const at::Tensor& prediction, const at::Tensor& target) {
  if (prediction.sizes() != target.sizes() || target.dim() != 3) {
    throw Error(ErrorKind::kInput, "prediction and target",
                "differ in shape, or are not (windows, tokens, D)");
  }
  const int64_t windows = target.size(0);
  const int64_t tokens = target.size(1);
  const int64_t width = target.size(2);
  if (width == 0 || tokens == 0)
    throw Error(ErrorKind::kInput, "prediction and target", "hold no tokens");
  const at::Tensor z = prediction.to(at::kDouble).contiguous();
  const at::Tensor h = target.to(at::kDouble).contiguous();
  const double* predicted = z.data_ptr<double>();
  const double* wanted = h.data_ptr<double>();
  at::Tensor distances = at::empty({windows, tokens}, at::kDouble);
  double* distance = distances.data_ptr<double>();
  for (int64_t t = 0; t < windows * tokens; ++t, predicted += width, wanted += width) {
    double sum = 0.0;
    for (int64_t d = 0; d < width; ++d) sum += std::abs(predicted[d] - wanted[d]);
    distance[t] = sum / static_cast<double>(width);
    if (!std::isfinite(distance[t])) {
      throw Error(ErrorKind::kInput, "prediction and target",
                  fmt::format("window {} holds values that are not finite", t / tokens));
    }
  }
  return distances;
}

std::vector<double> mean_surprise(const at::Tensor& by_token) {
  const at::Tensor rows = by_token.to(at::kDouble).contiguous();
  const double* distance = rows.data_ptr<double>();
  const int64_t tokens = rows.size(1);
  std::vector<double> surprise;
  for (int64_t w = 0; w < rows.size(0); ++w) {
    double sum = 0.0;
    for (int64_t t = 0; t < tokens; ++t) sum += *distance++;
    surprise.push_back(sum / static_cast<double>(tokens));
  }
  return surprise;
}

std::vector<double> surprise_of(const at::Tensor& prediction,
                                const at::Tensor& target,
                                bool normalises_targets) {
  const bool is_one_window = target.dim() == 2 && prediction.dim() == 2;
  const at::Tensor wanted = normalises_targets ? normalised_tokens(target) : target;
  return mean_surprise(is_one_window ? token_surprise(prediction.unsqueeze(0), wanted.unsqueeze(0))
                                     : token_surprise(prediction, wanted));
}

}  // namespace physprobe
