#pragma once
// One pre-norm transformer block on one image:
//   y = x + LS1(Proj(MHA(LN1(x)))),  z = y + LS2(FFN(LN2(y))).
// Internal.

#include "physprobe/encoders/vit_config.h"
#include "physprobe/encoders/vit_linear.h"
#include "physprobe/encoders/vit_parameters.h"
#include "physprobe/encoders/vit_rotary.h"
#include "physprobe/encoders/vit_workspace.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace physprobe {

/// Layer norm over D with an affine map.
class VitNorm {
 public:
  VitNorm() = default;
  VitNorm(VitParameters& parameters, const std::string& prefix, double epsilon);
  /// `out` (rows, D) may be `x`.
  void apply(const float* x, int64_t rows, float* out) const;

 private:
  at::Tensor weight_;
  at::Tensor bias_;
  double epsilon_ = 0.0;
};

/// The layer "<name>.weight" and "<name>.bias" (zeros where there is none), taken out of
/// `parameters`.
VitLinear take_linear(VitParameters& parameters,
                      const std::string& name,
                      VitPrecision precision = VitPrecision::kFloat32);

/// x[r] = activation(x[r] + bias) by the feed-forward kinds that are not gated.
void apply_activation(
    VitFeedForward kind, float* x, const float* bias, int64_t rows, int64_t width);

class VitBlock {
 public:
  /// Takes "blocks.<index>.…" out of `parameters` (vit_parameters lists them).
  VitBlock(const VitConfig& config, VitParameters& parameters, int64_t index);

  /// Advances workspace.tokens, (token_count, D), by this block. `rotation` is that of the patches;
  /// undefined tables: none.
  void apply(const VitConfig& config,
             const VitRotation& rotation,
             int64_t token_count,
             VitWorkspace& workspace) const;

 private:
  void norm_queries_and_keys(const VitConfig& config, int64_t token_count, float* qkv) const;
  void attend(const VitConfig& config,
              const VitRotation& rotation,
              int64_t token_count,
              VitWorkspace& workspace) const;
  void feed_forward(const VitConfig& config, int64_t token_count, VitWorkspace& workspace) const;

  VitNorm attention_norm_;
  VitLinear qkv_;
  VitLinear projection_;
  VitNorm query_norm_;  // without weights where there is none
  VitNorm key_norm_;
  VitNorm feed_forward_norm_;
  VitLinear first_;
  VitLinear second_;
  at::Tensor attention_scale_;     // (D), undefined without layer scale
  at::Tensor feed_forward_scale_;  // (D), undefined without layer scale
};

/// Multi-head attention over `qkv` (padded tokens, 3D; the rows behind `token_count` are zero):
/// softmax(q k^T / sqrt(d)) v of each head into its columns of `out` (token_count, D). Works
/// through fixed blocks of queries, so memory stays bounded for long sequences.
void vit_attention(const VitConfig& config,
                   const float* qkv,
                   int64_t token_count,
                   const VitWorkspace& workspace,
                   float* out);

}  // namespace physprobe
