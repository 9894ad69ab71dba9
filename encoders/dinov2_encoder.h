#pragma once
// The `dinov2` encoder (Oquab et al. 2023; with registers Darcet et al. 2023), sizes S to g, any
// image size that is a multiple of the patch. Internal.

#include "physprobe/encoders/encoder.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace physprobe {

/// Taps: "pixel" (the preprocessed input as one token), "block0" … "block<L-1>" (raw residual
/// stream), "block<k>.norm" (the final layer norm applied to it) and "norm" (that of the last
/// block). Tokens are ordered class token, registers, patches row by row; prefix_tokens counts the
/// first two, so that a flattened tap of a model without registers is ReStraV's vector (class token
/// and patches) and that of a model with registers holds the registers between them. `pooled` is
/// the tap's class token, `patch_mean` the mean of its patches; for "pixel" both are the 32 x 32
/// thumbnail.
///
/// `config`: "weights" (encoder_factory.h) and "options":
///  - size: published name ("vits14", …, "vitg14_reg"); with weights: refuse others;
///  - heads: attention heads where neither D / 64 nor the files say so;
///  - pos_interp: auto (the original code's rule for the model), offset, size, size_antialias, hf
///  (Hugging Face's rule for the
///    model), timm (timm's);
///  - preset: preprocessing, dinov2, restrav or hf (dinov2_variants.h), on top of which
///  "preprocess" changes single fields;
///  - digest: SHA-256 the weights must have;
///  - random_seed: instead of weights, fresh ones of `size`.
std::unique_ptr<Encoder> make_dinov2_encoder(const nlohmann::json& config);

/// A published size with fresh weights (vit_parameters.h says how drawn). Throws Error(kUsage) for
/// an unknown size or preset.
std::unique_ptr<Encoder> make_untrained_dinov2(const std::string& size,
                                               uint64_t seed,
                                               const std::string& preset = "dinov2");

}  // namespace physprobe
