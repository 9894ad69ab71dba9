#pragma once
// From a name, a config or a weights file to a built encoder. Registration is the explicit table in
// builtin.cpp.

#include "physprobe/encoders/encoder.h"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <vector>

namespace physprobe {

/// A family as `physprobe list` shows it.
struct EncoderFamily {
  std::string name;
  std::string description;
  bool is_verified = false;
  bool needs_weights = false;
  std::vector<std::string> options;  ///< Names accepted in the config.
};

const std::vector<EncoderFamily>& encoder_families();

/// The family that a config names, or that its weights look like. Throws Error(kUsage) when it
/// names none, two, or one that does not exist, and what opening weights throws.
std::string encoder_family_of(const nlohmann::json& config);

/// `config`: {"family" or "id": "v1", "weights": path (safetensors file, index or folder),
/// "options": {...}, "preprocess": {...}}. Without a family that of the weights is read off their
/// names and shapes; {"id": "exec:COMMAND"} stands for the family "exec" with that command. Unknown
/// keys are refused with the nearest valid one
/// (Error(kUsage)); weights are loaded strictly: missing, unexpected and mis-shaped tensors are
/// listed at once (Error(kIncompatible)).
std::unique_ptr<Encoder> make_encoder(const nlohmann::json& config);

}  // namespace physprobe
