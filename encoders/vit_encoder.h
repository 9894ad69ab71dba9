#pragma once
// The encoder behind every family of vision transformers (vit_family.h). Internal.

#include "physprobe/encoders/encoder.h"
#include "physprobe/encoders/vit_family.h"
#include "physprobe/encoders/vit_options.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace physprobe {

/// Taps: vit_taps.h. Tokens are ordered class token, registers, patches row by row; prefix_tokens
/// counts the first two. `pooled` of a tap of tokens is its class token, or the mean of its rows
/// where there is none; `patch_mean` the mean of its patches, or of its rows where it holds none.
/// For "pixel" both are the 32 x 32 thumbnail, for "pooled" the vector itself.
///
/// `config`: "weights" (encoder_factory.h) and "options":
///  - size: a published name; with weights: refuse others;
///  - heads: attention heads where neither the files nor the width say so;
///  - checkpoint_key: which of several models in the file;
///  - pos_interp: auto or original (the original code's rule), hf, timm, or a rule's name;
///  - preset: preprocessing, on top of which "preprocess" changes single fields;
///  - dtype: float32, or bfloat16 or float16 for the blocks' linear layers;
///  - device: cpu, or cuda[:i] where LibTorch has it (vit_aten_model.h); enters no cache key;
///  - digest: SHA-256 the weights must have;
///  - random_seed: instead of weights, fresh ones of `size`;
///  - predictor_heads, mask_token, prediction: of the predictor (video_predictor.h), without effect
///  here.
/// Video models (frames_per_step 2) see all frames of a sample at once; each time step is a row of
/// tokens, its pooled vector the mean of its own normed patches.
std::unique_ptr<Encoder> make_vit_encoder(const VitFamily& family, const nlohmann::json& config);

/// The same with options that are read already.
std::unique_ptr<Encoder> make_vit_encoder(const VitFamily& family,
                                          const nlohmann::json& config,
                                          const VitOptions& options);

/// A published size with fresh weights (vit_parameters.h says how drawn). Throws Error(kUsage) for
/// an unknown size or preset.
std::unique_ptr<Encoder> make_untrained_vit(const VitFamily& family,
                                            const std::string& size,
                                            uint64_t seed,
                                            const std::string& preset = "");

}  // namespace physprobe
