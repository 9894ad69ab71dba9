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

/// The part of the blocks alone, "blocks.0.norm1.weight" and so on.
std::vector<VitParameter> vit_block_parameters(const VitConfig& config);

/// A linear layer's weight and, with `has_bias`, bias.
std::vector<VitParameter> linear_parameters(const std::string& name,
                                            int64_t outputs,
                                            int64_t inputs,
                                            bool has_bias = true);
std::vector<VitParameter> norm_parameters(const std::string& name, int64_t width);

/// How fresh parameters are drawn.
enum class VitInitialisation {
  kPlain,    ///< Normal, redrawn beyond two deviations.
  kByDepth,  ///< V-JEPA's: normal, cut at 2; attn.proj and the second layer of the feed-forward
             ///< part of block i (from 1) are divided by sqrt(2 i). Of a gated part that second
             ///< layer is the value's half of w12, as in the original code, not the output layer.
             ///< Its position tables are the fixed ones, mask tokens zeros.
};

/// Freshly drawn parameters, the same for a seed on every machine and thread count. Matrices,
/// tokens and the position table: normal with deviation 0.02, redrawn beyond two deviations; biases
/// 0; layer norm 1 and 0. Layer scale is 1, not the 1e-5 at which DINOv2 starts training: with 1e-5
/// every block is the identity and an untrained network would be its patch projection.
VitParameters random_vit_parameters(const VitConfig& config,
                                    uint64_t seed,
                                    VitInitialisation kind = VitInitialisation::kPlain);

/// The same for any list of parameters of a model whose blocks are `config`'s.
VitParameters draw_parameters(const VitConfig& config,
                              const std::vector<VitParameter>& list,
                              uint64_t seed,
                              VitInitialisation kind);

}  // namespace physprobe
