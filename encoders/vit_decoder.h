#pragma once
// The narrow transformer that fills in tokens it was not given: V-JEPA's predictor and VideoMAE's
// decoder. Encoded tokens enter through a linear layer, a mask token stands at every place asked
// for, the same blocks as an encoder's run over both, and a linear layer reads the answer off the
// places asked for. Internal.

#include "physprobe/encoders/vit_block.h"
#include "physprobe/encoders/vit_config.h"
#include "physprobe/encoders/vit_linear.h"
#include "physprobe/encoders/vit_model.h"
#include "physprobe/encoders/vit_parameters.h"
#include "physprobe/encoders/vit_workspace.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace physprobe {

struct VitDecoderConfig {
  /// Width, depth, heads, feed-forward part and positions; what belongs to a patch embedding is
  /// not used, but for `has_modality_embedding`.
  VitConfig blocks;
  int64_t inputs = 0;        ///< Numbers of an encoded token.
  int64_t outputs = 0;       ///< Numbers predicted per token.
  int64_t mask_tokens = 1;   ///< How many the weights hold.
  int64_t input_hidden = 0;  ///< > 0: two layers with GELU between lead in (V-JEPA 2.1).
  bool has_input_bias = true;

  void validate(const std::string& subject) const;
  /// Every field that changes a value, in a fixed order, for cache keys.
  std::string canonical() const;
};

/// "embed" (or "embed.0", "embed.2"), "mask_tokens" (count, 1, width), "pos_embed",
/// "video_mod_embed", "blocks.…", "norm", "proj".
std::vector<VitParameter> vit_decoder_parameters(const VitDecoderConfig& config);

/// Floating-point operations of one prediction of `asked` tokens from `given` ones, counted as
/// vit_flops does.
double vit_decoder_flops(const VitDecoderConfig& config, int64_t given, int64_t asked);

class VitDecoder {
 public:
  /// `parameters` as vit_decoder_parameters(config) lists them; taken over one by one. Those
  /// of the blocks may be absent together, and then run() must not be called.
  VitDecoder(const VitDecoderConfig& config, VitParameters parameters);

  const VitDecoderConfig& config() const { return config_; }
  /// Euclidean norm of each mask token.
  std::vector<double> mask_token_norms() const;

  /// The places of all tokens of a window; those of one prediction are selected from them, given
  /// tokens first.
  VitPlaces places(int64_t grid_height, int64_t grid_width, int64_t steps) const;

  /// Called with (given + asked, width) tokens after block `index`; index -1: entering block 0.
  using OnBlock = std::function<void(int64_t index, const float* tokens)>;

  /// `out` (asked, outputs) from `encoded` (given, inputs). `places`: of the given tokens, then of
  /// those asked for. `mask_token`: which of them stands at the places asked for.
  void run(const float* encoded,
           int64_t given,
           int64_t asked,
           const VitPlaces& places,
           int64_t mask_token,
           float* out,
           const OnBlock& on_block = {}) const;

 private:
  void enter(const float* encoded,
             int64_t given,
             int64_t asked,
             const VitPlaces& places,
             int64_t mask_token,
             VitWorkspace& workspace) const;

  VitDecoderConfig config_;
  at::Tensor table_;        // (table rows, width), undefined without one
  at::Tensor mask_tokens_;  // (count, width)
  std::vector<VitLinear> embedding_;
  at::Tensor modality_;  // (width), undefined without one
  std::vector<VitBlock> blocks_;
  VitNorm norm_;
  std::vector<VitLinear> projection_;  // one; a list because it is built late
  mutable VitWorkspacePool workspaces_;
};

}  // namespace physprobe
