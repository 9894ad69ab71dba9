#pragma once
// The contract of latent video predictors: what a model expects to see next, beside what it saw.

#include "physprobe/encoders/encoder.h"

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace physprobe {

/// How the tokens of a window lie in it: time slowest, then rows, then columns.
struct TokenGrid {
  int64_t time_steps = 0;  ///< Frames of the window / info().frames_per_step.
  int64_t height = 0;      ///< Rows of tokens of one step; 0: not known (a served model).
  int64_t width = 0;       ///< Columns; 0: not known.

  /// Tokens of one time step, 0 when not known: then N / time_steps of `targets`.
  int64_t tokens_per_step() const { return height * width; }
};

/// What is particular to a predictor, beside its EncoderInfo.
struct PredictorInfo {
  /// True: `targets` are raw tokens, and whoever compares passes each through a layer norm without
  /// affine part first (probes/surprise.h); latent models. False: they are compared as they are;
  /// pixel models, whose targets are normalised per patch already.
  bool normalises_targets = true;
  /// Euclidean norms of all mask tokens the weights hold; a used one of norm 0 was never trained.
  /// Empty: not known.
  std::vector<double> mask_token_norms;
  int64_t mask_token = 0;  ///< Index of the one in use.
  /// Context and targets are encoded by one set of weights (no moving average of it in the file).
  bool shares_encoder = false;
  int64_t parameters = 0;  ///< Numbers in use, every one of them read or drawn; 0: not known.
  std::vector<std::string> unused_tensors;  ///< In the file, known, and without a use here.
};

/// Stateless once built; const methods may be called from several threads.
class Predictor {
 public:
  virtual ~Predictor() = default;
  /// Of the model; `preprocess` is what its frames went through.
  virtual const EncoderInfo& info() const = 0;
  virtual const PredictorInfo& predictor_info() const = 0;

  /// The tokens of a window of `frames` frames of `height` x `width` pixels. Throws Error(kUsage)
  /// for a window the model cannot take.
  virtual TokenGrid grid(int64_t frames, int64_t height, int64_t width) const = 0;

  /// `window` (B, T, C, H, W) float32 to the tokens (B, N, D) float32 that predictions are held
  /// against, all those of the window, in the model's order; not yet normalised where
  /// predictor_info().normalises_targets.
  virtual at::Tensor targets(const at::Tensor& window) const = 0;

  /// What is expected at `target_ids` (m) int64 of a window of `window_frames` frames, (B, m, D)
  /// float32. `context` (B, Tc, C, H, W) are the window's first frames: later ones do not exist for
  /// the model. `context_ids` (n) int64 are the tokens of them that it may use. Ids count the rows
  /// of `targets`. Throws Error(kUsage) for frames, ids or a window that do not fit together.
  virtual at::Tensor predict(const at::Tensor& context,
                             const at::Tensor& context_ids,
                             const at::Tensor& target_ids,
                             int64_t window_frames) const = 0;

  /// The same architecture with freshly drawn weights (initialisation of the family, seeded);
  /// nullptr where that is not possible.
  virtual std::unique_ptr<Predictor> untrained(uint64_t seed) const = 0;
};

/// The predictor of `config` (encoder_factory.h). Families: "vjepa" (V-JEPA 1), "vjepa2" and
/// "videomae", with weights that hold predictor and encoder, or random_seed and size; "exec", a
/// model served by another process that says it predicts. Throws Error(kUsage) for a family without
/// a predictor, Error(kIncompatible) for a model without one.
std::unique_ptr<Predictor> make_predictor(const nlohmann::json& config);

}  // namespace physprobe
