#pragma once
// What a vision transformer publishes as the image's vector: a token or the patches' mean, a head
// that attends to the tokens, a projection. Internal.

#include "physprobe/encoders/vit_block.h"
#include "physprobe/encoders/vit_config.h"
#include "physprobe/encoders/vit_linear.h"
#include "physprobe/encoders/vit_parameters.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace physprobe {

/// Mean over `rows` of `x` (rows, width), summed in double row after row.
void mean_of_rows(const float* x, int64_t rows, int64_t width, float* mean);

class VitReadout {
 public:
  /// Takes "head.…" and "projection.…" out of `parameters` where the configuration has them.
  VitReadout(const VitConfig& config, VitParameters& parameters);

  /// From tokens after the final norm (prefix + patches, D), by config.pooling (all but
  /// kMeanThenNorm, whose norm comes last), to `out` (config.pooled_width()).
  void pool(const VitConfig& config, const float* normed, int64_t patches, float* out) const;

  /// A vector (D) through the projection, or as it is.
  void project(const VitConfig& config, const float* vector, float* out) const;

 private:
  /// SigLIP's head: a learned probe attends to all tokens, then a residual MLP.
  void attend(const VitConfig& config, const float* normed, int64_t tokens, float* out) const;

  std::optional<VitLinear> projection_;
  at::Tensor query_;  // (D): the probe, projected
  std::optional<VitLinear> keys_values_;
  std::optional<VitLinear> attention_out_;
  VitNorm norm_;
  std::optional<VitLinear> first_;
  std::optional<VitLinear> second_;
};

}  // namespace physprobe
