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

/// The periods of a rotary position code: fixed numbers that some files hold and others leave out.
inline constexpr const char* kRotaryPeriods = "rope_embed.periods";
inline constexpr double kRotaryBase = 100.0;  ///< DINOv3's.

/// Periods base^(2k / (d/2)), k = 0 .. d/4 - 1, for heads of d numbers: (d/4) float32.
at::Tensor rotary_periods(int64_t head_width, double base);

/// Moves a tensor out of the map, so that a model being built never holds its weights twice.
at::Tensor take_parameter(VitParameters& parameters, const std::string& name);

/// Every tensor the configuration needs, from input to output.
std::vector<VitParameter> vit_parameters(const VitConfig& config);

/// Freshly drawn parameters, the same for a seed on every machine and thread count. Matrices,
/// tokens and the position table: normal with deviation 0.02, redrawn beyond two deviations; biases
/// 0; layer norm 1 and 0. Layer scale is 1, not the 1e-5 at which DINOv2 starts training: with 1e-5
/// every block is the identity and an untrained network would be its patch projection.
VitParameters random_vit_parameters(const VitConfig& config, uint64_t seed);

}  // namespace physprobe
