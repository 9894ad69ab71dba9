#pragma once
// Models with drawn weights saved as a code base would save them.

#include "physprobe/core/safetensors.h"
#include "physprobe/encoders/vit_family.h"
#include "physprobe/encoders/vit_parameters.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace physprobe::testing {

/// `parameters` by the names of `naming`, parts split and matrices turned as it keeps them. Key
/// biases that it leaves out must be zeros.
inline std::map<std::string, at::Tensor> renamed(const VitNaming& naming,
                                                 const VitParameters& parameters) {
  std::map<std::string, at::Tensor> out;
  for (const auto& [name, tensor] : parameters) {
    if (name == kRotaryPeriods && naming.name == "hf") continue;
    const std::vector<std::string> sources = naming.sources(name);
    const auto parts = tensor.chunk(static_cast<int64_t>(sources.size()), 0);
    const bool is_turned = std::count(naming.transposed.begin(), naming.transposed.end(), name) > 0;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      if (sources[i].empty()) continue;
      at::Tensor part = is_turned ? parts[i].t() : parts[i];
      if (name == "pos_embed" && naming.has_flat_table) part = part.squeeze(0);
      out[sources[i]] = part.contiguous();
    }
  }
  return out;
}

/// A published size of `family` cut down to two blocks of three heads of 12, a 3 x 3 table.
inline VitConfig small_model(const VitFamily& family, const VitConfig& published) {
  VitConfig config = published;
  const bool is_rotary = config.positions == VitPositions::kRotary || config.is_rotary_in_video();
  const int64_t head = is_rotary ? 16 : 12;
  config.width = 3 * head;
  config.heads = 3;
  config.depth = 2;
  config.hidden = 2 * config.width;
  if (config.positions == VitPositions::kTable) config.table_side = 3;
  if (config.tubelet > 1 && config.positions == VitPositions::kTable) config.table_steps = 2;
  if (config.tubelet > 1 && config.positions != VitPositions::kTable) {  // not in the files
    config.table_side = family.base.table_side * family.base.patch / config.patch;
  }
  if (config.projection > 0) config.projection = 20;
  config.position = family.position_rule("auto", config);
  return config;
}

/// Writes a small model of `family`'s first size under `naming`, with its heads as metadata.
inline void write_small_model(const VitFamily& family,
                              const VitNaming& naming,
                              const std::string& path) {
  const VitConfig config = small_model(family, family.sizes.front().config);
  write_safetensors(path, renamed(naming, random_vit_parameters(config, 3, family.initialisation)),
                    {{"num_heads", "3"}});
}

}  // namespace physprobe::testing
