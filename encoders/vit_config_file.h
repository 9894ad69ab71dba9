#pragma once
// The config.json that Hugging Face puts beside weights: what it says that shapes do not. Internal.

#include "physprobe/encoders/checkpoint.h"
#include "physprobe/encoders/vit_family.h"

#include <cstdint>
#include <optional>

namespace physprobe {

struct VitConfigFile {
  int64_t heads = 0;            ///< 0: not said.
  int64_t predictor_heads = 0;  ///< Of V-JEPA 2's predictor; 0: not said.
  int64_t crop_size = 0;        ///< Pixels, of V-JEPA 2; 0: not said.
  std::optional<double> norm_epsilon;
  std::optional<VitFeedForward> activation;
};

/// Reads the fields of the vision part. Throws Error(kInput) for a file that is no JSON object or
/// holds nonsense, Error(kIncompatible) for another model_type or an activation that is not known.
VitConfigFile read_vit_config_file(const Checkpoint& checkpoint, const VitFamily& family);

/// Puts what the file says, but for the heads, into `config`.
void apply_vit_config_file(const VitConfigFile& file, VitConfig& config);

}  // namespace physprobe
