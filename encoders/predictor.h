#pragma once
// The contract of latent video predictors: what a model expects to see next, beside what it saw.

#include "physprobe/encoders/encoder.h"

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>

namespace physprobe {

/// Stateless once built; const methods may be called from several threads.
class Predictor {
 public:
  virtual ~Predictor() = default;
  /// Of the model; `preprocess` is what its frames went through.
  virtual const EncoderInfo& info() const = 0;

  /// `window` (B, T, C, H, W) float32 to the tokens (B, N, D) float32 that predictions are held
  /// against, all those of the window, in the model's order.
  virtual at::Tensor targets(const at::Tensor& window) const = 0;

  /// What is expected at `target_ids` (m) int64 of a window of `window_frames` frames, (B, m, D)
  /// float32. `context` (B, Tc, C, H, W) are the window's first frames: later ones do not exist for
  /// the model. `context_ids` (n) int64 are the tokens of them that it may use. Ids count the rows
  /// of `targets`. Throws Error(kUsage) for frames, ids or a window that do not fit together.
  virtual at::Tensor predict(const at::Tensor& context,
                             const at::Tensor& context_ids,
                             const at::Tensor& target_ids,
                             int64_t window_frames) const = 0;
};

/// The predictor of `config` (encoder_factory.h). Families: "exec", a model served by another
/// process that says it predicts. Throws Error(kUsage) for a family without a predictor,
/// Error(kIncompatible) for a model without one.
std::unique_ptr<Predictor> make_predictor(const nlohmann::json& config);

}  // namespace physprobe
