#pragma once
// The reference's video models with random weights, their inputs as the models take them.

#include "physprobe/core/safetensors.h"
#include "physprobe/encoders/predictor.h"

#include "support/golden.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <map>
#include <string>

namespace physprobe::testing {

/// Stated by the golden data for activations: float32 against float32 through two blocks.
constexpr double kActivationTolerance = 2e-4;
/// And for surprise, a mean over many of them.
constexpr double kSurpriseTolerance = 1e-5;

inline std::string voe_path(const std::string& name) {
  return golden_path("voe/" + name);
}

inline std::map<std::string, at::Tensor> voe_tensors(const std::string& name) {
  return read_safetensors(voe_path(name + ".safetensors"));
}

/// A configuration for frames of any size that are normalised already.
inline nlohmann::json video_config(const std::string& family,
                                   const std::string& file,
                                   const nlohmann::json& options) {
  return {{"family", family},
          {"weights", voe_path(file)},
          {"options", options},
          {"preprocess", {{"resize", "none"}, {"crop", 0}}}};
}

/// (T, H, W, 3) bytes as (1, T, 3, H, W), scaled to 0..1 and normalised with ImageNet's statistics.
inline at::Tensor normalised(const at::Tensor& bytes) {
  const at::Tensor unit = bytes.to(at::kFloat).div(255.0).permute({0, 3, 1, 2});
  const at::Tensor mean = at::tensor({0.485F, 0.456F, 0.406F}).reshape({3, 1, 1});
  const at::Tensor deviation = at::tensor({0.229F, 0.224F, 0.225F}).reshape({3, 1, 1});
  return unit.sub(mean).div(deviation).unsqueeze(0).contiguous();
}

/// Tokens [begin, end).
inline at::Tensor token_range(int64_t begin, int64_t end) {
  return at::arange(begin, end, at::kLong);
}

/// The protocol's number for one window (1, T, C, H, W): mean L1 of the prediction from the first
/// `context` frames to the targets, which are normed first where the predictor says so.
inline double surprise_of_window(const Predictor& predictor,
                                 const at::Tensor& window,
                                 int64_t context) {
  const TokenGrid grid = predictor.grid(window.size(1), window.size(3), window.size(4));
  const int64_t seen = context / predictor.info().frames_per_step * grid.tokens_per_step();
  const int64_t all = grid.time_steps * grid.tokens_per_step();
  at::Tensor targets = predictor.targets(window).slice(1, seen);
  if (predictor.predictor_info().normalises_targets) {
    targets = at::layer_norm(targets, {targets.size(2)}, {}, {}, 1e-5);
  }
  const at::Tensor prediction = predictor.predict(
      window.narrow(1, 0, context), token_range(0, seen), token_range(seen, all), window.size(1));
  return (prediction - targets).abs().mean().item<double>();
}

}  // namespace physprobe::testing
