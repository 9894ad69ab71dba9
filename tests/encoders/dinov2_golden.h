#pragma once
// The reference's DINOv2 models with random weights, and checkpoints that tests write themselves.

#include "physprobe/core/safetensors.h"
#include "physprobe/encoders/vit_parameters.h"

#include "support/golden.h"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace physprobe::testing {

struct Dinov2Golden {
  std::string name;                ///< "dinov2_plain"
  std::vector<std::string> sizes;  ///< "HxW"
  int64_t depth;
};

inline std::vector<Dinov2Golden> dinov2_goldens() {
  return {{"dinov2_plain", {"84x84", "56x126", "98x42", "112x112", "14x28"}, 3},
          {"dinov2_reg", {"98x98", "70x126", "42x28"}, 2},
          {"dinov2_swiglu", {"42x42", "56x70"}, 2}};
}

/// Path of a golden file: kind "orig", "hf", "io" or "hfsize".
inline std::string dinov2_file(const std::string& name, const std::string& kind) {
  return golden_path("encoders/" + name + "." + kind + ".safetensors");
}

/// A configuration that takes frames of any size.
inline nlohmann::json dinov2_any_size(const std::string& weights,
                                      const nlohmann::json& options = nlohmann::json::object()) {
  return {{"family", "dinov2"},
          {"weights", weights},
          {"options", options},
          {"preprocess", {{"resize", "none"}, {"crop", 0}}}};
}

/// A small model: two blocks of three heads of 12, a 3 x 3 table, layer scale.
inline VitConfig small_vit() {
  VitConfig config;
  config.width = 36;
  config.depth = 2;
  config.heads = 3;
  config.hidden = 144;
  config.table_side = 3;
  return config;
}

/// Parameters written as a checkpoint under original names, with the number of heads as metadata.
inline void write_dinov2(const std::string& path,
                         const VitConfig& config,
                         const std::map<std::string, at::Tensor>& parameters) {
  write_safetensors(path, parameters, {{"num_heads", std::to_string(config.heads)}});
}

}  // namespace physprobe::testing
