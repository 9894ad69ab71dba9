#pragma once
// The options of a family of vision transformers, read once for its encoder and its predictor.
// Internal.

#include "physprobe/core/preprocess_spec.h"
#include "physprobe/encoders/vit_checkpoint.h"
#include "physprobe/encoders/vit_family.h"

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace physprobe {

struct VitOptions {
  std::string size;
  std::string digest;
  std::string position;
  std::string preset;
  std::string weights;
  VitPrecision precision = VitPrecision::kFloat32;
  /// Where LibTorch's own operations compute the blocks; nullopt: our kernels do, on the CPU.
  std::optional<at::Device> aten_device;
  VitRequest request;
  bool is_random = false;
  uint64_t seed = 0;
  // Of families with a predictor; an encoder has no use for them.
  int64_t predictor_heads = 0;
  int64_t mask_token = 0;
  bool predicts_zeros = false;  ///< VideoMAE's published numbers; see video_predictor.h.
};

/// Names accepted under "options" of a family.
std::vector<std::string> vit_option_names(const VitFamily& family);

/// Reads and checks all that needs no model (vit_encoder.h lists them). Throws Error(kUsage).
VitOptions read_vit_options(const VitFamily& family, const nlohmann::json& config);

/// The configuration to draw weights for.
VitConfig random_vit_config(const VitFamily& family, const VitOptions& options);

/// Puts what the options decide into a configuration found in `path`. Throws Error(kIncompatible)
/// when `size` names another architecture.
void apply_vit_options(const VitFamily& family,
                       const VitOptions& options,
                       const std::string& path,
                       VitConfig& config);

/// Throws Error(kIncompatible) unless the digest is the one the options pin, if any.
void require_digest(const VitOptions& options, const std::string& path, const std::string& digest);

/// The preset asked for with the config's changes to it.
PreprocessSpec vit_preprocess(const VitFamily& family,
                              const VitOptions& options,
                              const nlohmann::json& config,
                              const VitConfig& model);

}  // namespace physprobe
