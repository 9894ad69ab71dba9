#include "physprobe/encoders/vit_config_file.h"

#include "physprobe/core/error.h"
#include "physprobe/encoders/vit_parameters.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace physprobe {
namespace {

using Json = nlohmann::json;

void require_model_type(const std::string& where, const Json& file, const VitFamily& family) {
  if (!file.contains("model_type")) return;
  const Json& found = file.at("model_type");
  const std::vector<std::string>& known = family.model_types;
  if (found.is_string() &&
      std::find(known.begin(), known.end(), found.get<std::string>()) != known.end()) {
    return;
  }
  throw Error(ErrorKind::kIncompatible, where,
              fmt::format("says model_type {}; expected \"{}\"", found.dump(),
                          fmt::join(known, "\" or \"")));
}

VitFeedForward activation(const std::string& where, const Json& name) {
  if (name == "gelu") return VitFeedForward::kGelu;
  if (name == "gelu_pytorch_tanh") return VitFeedForward::kGeluTanh;
  if (name == "quick_gelu") return VitFeedForward::kQuickGelu;
  if (name == "silu") return VitFeedForward::kSwigluFused;
  throw Error(ErrorKind::kIncompatible, where,
              "says hidden_act " + name.dump() +
                  "; expected \"gelu\", \"gelu_pytorch_tanh\", \"quick_gelu\" or \"silu\"");
}

/// A whole number above 0; 0 where the file does not say.
int64_t positive(const std::string& where, const Json& file, const char* key) {
  if (!file.contains(key)) return 0;
  const Json& value = file.at(key);
  if (!value.is_number_unsigned() || value == 0) {
    throw Error(ErrorKind::kInput, where, "has " + std::string(key) + " " + value.dump());
  }
  return value.get<int64_t>();
}

}  // namespace

VitConfigFile read_vit_config_file(const Checkpoint& checkpoint, const VitFamily& family) {
  VitConfigFile result;
  if (checkpoint.config_text().empty()) return result;
  const std::string where = checkpoint.path() + " (config.json)";
  const Json whole = Json::parse(checkpoint.config_text(), nullptr, false);
  if (!whole.is_object()) throw Error(ErrorKind::kInput, where, "is not a JSON object");
  require_model_type(where, whole, family);
  const bool has_tower = whole.contains("vision_config") && whole.at("vision_config").is_object();
  const Json& file = has_tower ? whole.at("vision_config") : whole;
  if (file.contains("hidden_act")) result.activation = activation(where, file.at("hidden_act"));
  result.heads = positive(where, file, "num_attention_heads");
  if (file.value("model_type", Json()) == "vjepa2") {
    result.crop_size = positive(where, file, "crop_size");
  }
  for (const char* key : {"pred_num_attention_heads", "decoder_num_attention_heads"}) {
    if (result.predictor_heads == 0) result.predictor_heads = positive(where, file, key);
  }
  if (file.contains("layer_norm_eps")) {
    const Json& value = file.at("layer_norm_eps");
    if (!value.is_number())
      throw Error(ErrorKind::kInput, where, "has layer_norm_eps " + value.dump());
    result.norm_epsilon = value.get<double>();
  }
  if (file.contains("rope_theta") && file.at("rope_theta") != kRotaryBase) {
    throw Error(ErrorKind::kIncompatible, where,
                "says rope_theta " + file.at("rope_theta").dump() + "; only 100 is read");
  }
  return result;
}

void apply_vit_config_file(const VitConfigFile& file, VitConfig& config) {
  if (file.norm_epsilon) config.norm_epsilon = *file.norm_epsilon;
  if (file.crop_size > 0) config.table_side = file.crop_size / config.patch;
  // A gated feed-forward part shows in the shapes, and is always gated by silu here.
  const bool is_gated_name = file.activation == VitFeedForward::kSwigluFused;
  if (file.activation && !config.is_gated() && !is_gated_name) {
    config.feed_forward = *file.activation;
  }
}

}  // namespace physprobe
