#include "physprobe/probes/surprise.h"

#include "physprobe/core/error.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

namespace physprobe {
namespace {

constexpr double kTargetEps = 1e-5;

}  // namespace

std::vector<double> surprise_of(const at::Tensor& prediction,
                                const at::Tensor& target,
                                bool normalises_targets) {
  if (prediction.sizes() != target.sizes() || target.dim() < 2 || target.dim() > 3) {
    throw Error(ErrorKind::kInput, "prediction and target",
                "differ in shape, or are not (windows, tokens, D)");
  }
  const int64_t width = target.size(-1);
  const int64_t tokens = target.size(-2);
  const int64_t windows = target.dim() == 3 ? target.size(0) : 1;
  if (width == 0 || tokens == 0)
    throw Error(ErrorKind::kInput, "prediction and target", "hold no tokens");
  const at::Tensor z = prediction.to(at::kDouble).contiguous();
  const at::Tensor h = target.to(at::kDouble).contiguous();
  const double* predicted = z.data_ptr<double>();
  const double* wanted = h.data_ptr<double>();
  std::vector<double> surprise;
  for (int64_t w = 0; w < windows; ++w) {
    double sum = 0.0;
    for (int64_t t = 0; t < tokens; ++t, predicted += width, wanted += width) {
      double mean = 0.0;
      double scale = 1.0;
      if (normalises_targets) {
        for (int64_t d = 0; d < width; ++d) mean += wanted[d];
        mean /= static_cast<double>(width);
        double squares = 0.0;
        for (int64_t d = 0; d < width; ++d) squares += (wanted[d] - mean) * (wanted[d] - mean);
        scale = 1.0 / std::sqrt(squares / static_cast<double>(width) + kTargetEps);
      }
      for (int64_t d = 0; d < width; ++d)
        sum += std::abs(predicted[d] - (wanted[d] - mean) * scale);
    }
    surprise.push_back(sum / (static_cast<double>(tokens) * static_cast<double>(width)));
    if (!std::isfinite(surprise.back())) {
      throw Error(ErrorKind::kInput, "prediction and target",
                  fmt::format("window {} holds values that are not finite", w));
    }
  }
  return surprise;
}

}  // namespace physprobe
