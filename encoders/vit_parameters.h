#pragma once
// The named tensors of a vision transformer: which there must be, of which shape, and how fresh
// ones are drawn. The names are those of the original DINOv2 code; other spellings are mapped to
// them when a checkpoint is read. Internal.

#include "physprobe/encoders/vit_config.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace physprobe {

struct VitParameter {
  std::string name;            ///< "blocks.3.attn.qkv.weight"
  std::vector<int64_t> shape;  ///< As in the original checkpoint.
};

/// float32 tensors by name.
using VitParameters = std::map<std::string, at::Tensor>;

/// Every tensor the configuration needs, from input to output.
std::vector<VitParameter> vit_parameters(const VitConfig& config);

/// Freshly drawn parameters, the same for a seed on every machine and thread count. Matrices,
/// tokens and the position table: normal with deviation 0.02, redrawn beyond two deviations; biases
/// 0; layer norm 1 and 0. Layer scale is 1, not the 1e-5 at which DINOv2 starts training: with 1e-5
/// every block is the identity and an untrained network would be its patch projection.
VitParameters random_vit_parameters(const VitConfig& config, uint64_t seed);

}  // namespace physprobe
