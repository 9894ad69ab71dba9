#pragma once
// DINOv2 weights under the original or the Hugging Face names: what the tensors' names and shapes
// say about the model, and its parameters under the original names. Internal.

#include "physprobe/encoders/vit_config.h"
#include "physprobe/encoders/vit_parameters.h"

#include <cstdint>
#include <string>

namespace physprobe {

struct Dinov2Weights {
  VitConfig config;
  VitParameters parameters;
  std::string path;    ///< The file or index that was read.
  std::string digest;  ///< Checkpoint::digest().
};

/// Reads a checkpoint strictly. Prefixes of wrappers ("module.", "backbone.", "dinov2.",
/// "teacher.", …) and chunk numbers
/// ("blocks.1.7." is block 7) are taken off the names; mask_token and heads of training (dino_head,
/// ibot_head, classifier) are known and unused. The number of heads does not show in the weights:
/// `heads` if above 0, else num_attention_heads of a config.json beside the file, else num_heads of
/// the file's metadata, else D / 64. Throws Error(kIncompatible) for a model of another family,
/// listing every tensor that disagrees; Error(kInput) for a damaged file; Error(kUsage) when the
/// heads cannot be known.
Dinov2Weights load_dinov2(const std::string& path, int64_t heads);

}  // namespace physprobe
