#include "physprobe/encoders/dinov2_checkpoint.h"

#include "physprobe/core/error.h"
#include "physprobe/encoders/checkpoint.h"
#include "physprobe/encoders/checkpoint_loader.h"
#include "physprobe/encoders/dinov2_variants.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace physprobe {
namespace {

bool starts_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

[[noreturn]] void refuse(const Checkpoint& checkpoint, const std::string& message) {
  throw Error(ErrorKind::kIncompatible, checkpoint.path(), message);
}

/// The number at the start of `text` when a '.' follows it, else -1; `rest` is what follows the
/// '.'.
int64_t leading_index(const std::string& text, std::string& rest) {
  int64_t value = -1;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto length = static_cast<std::size_t>(parsed.ptr - text.data());
  if (parsed.ec != std::errc() || value < 0 || length >= text.size() || text[length] != '.')
    return -1;
  rest = text.substr(length + 1);
  return value;
}

/// The name without wrappers' prefixes and chunk number.
std::string plain_name(std::string name) {
  static const std::string prefixes[] = {"module.",   "_orig_mod.", "teacher.",
                                         "backbone.", "dinov2.",    "model."};
  for (bool changed = true; changed;) {
    changed = false;
    for (const std::string& prefix : prefixes) {
      if (!starts_with(name, prefix)) continue;
      name = name.substr(prefix.size());
      changed = true;
    }
  }
  const std::string blocks = "blocks.";
  if (!starts_with(name, blocks)) return name;
  std::string inner;
  std::string ignored;
  if (leading_index(name.substr(blocks.size()), inner) >= 0 && leading_index(inner, ignored) >= 0) {
    return blocks + inner;
  }
  return name;
}

/// Plain name to the name in the file.
using NameMap = std::map<std::string, std::string>;

NameMap plain_names(const Checkpoint& checkpoint) {
  NameMap names;
  for (const std::string& name : checkpoint.names()) {
    const auto [place, is_new] = names.emplace(plain_name(name), name);
    if (!is_new) {
      refuse(checkpoint, "holds both '" + place->second + "' and '" + name +
                             "', which are the same tensor of DINOv2; keep one model in the file");
    }
  }
  return names;
}

/// Where the file keeps the tensor of an original name, in plain Hugging Face names.
std::vector<std::string> hugging_face_sources(const std::string& name) {
  static const std::vector<std::pair<std::string, std::string>> whole = {
      {"cls_token", "embeddings.cls_token"},
      {"register_tokens", "embeddings.register_tokens"},
      {"pos_embed", "embeddings.position_embeddings"},
      {"patch_embed.proj.weight", "embeddings.patch_embeddings.projection.weight"},
      {"patch_embed.proj.bias", "embeddings.patch_embeddings.projection.bias"},
      {"norm.weight", "layernorm.weight"},
      {"norm.bias", "layernorm.bias"},
  };
  static const std::vector<std::pair<std::string, std::string>> in_block = {
      {"attn.proj.", "attention.output.dense."}, {"ls1.gamma", "layer_scale1.lambda1"},
      {"ls2.gamma", "layer_scale2.lambda1"},     {"mlp.w12.", "mlp.weights_in."},
      {"mlp.w3.", "mlp.weights_out."},
  };
  for (const auto& [original, theirs] : whole) {
    if (name == original) return {theirs};
  }
  std::string rest;
  const int64_t index = leading_index(name.substr(std::string("blocks.").size()), rest);
  const std::string layer = "encoder.layer." + std::to_string(index) + ".";
  const std::string qkv = "attn.qkv.";
  if (starts_with(rest, qkv)) {
    const std::string kind = rest.substr(qkv.size());
    const std::string attention = layer + "attention.attention.";
    return {attention + "query." + kind, attention + "key." + kind, attention + "value." + kind};
  }
  for (const auto& [original, theirs] : in_block) {
    if (starts_with(rest, original)) return {layer + theirs + rest.substr(original.size())};
  }
  return {layer + rest};  // norm1, norm2, mlp.fc1 and mlp.fc2 are spelt alike
}

/// Reads the architecture off names and shapes.
class Inference {
 public:
  Inference(const Checkpoint& checkpoint, const NameMap& names)
      : checkpoint_(checkpoint),
        names_(names),
        is_hugging_face_(names.count("embeddings.patch_embeddings.projection.weight") != 0) {}

  std::vector<std::string> sources(const std::string& original) const {
    return is_hugging_face_ ? hugging_face_sources(original) : std::vector<std::string>{original};
  }

  VitConfig config() const {
    const std::vector<int64_t> patch = shape("patch_embed.proj.weight", 4);
    const std::vector<int64_t> table = shape("pos_embed", 3);
    VitConfig config;
    config.width = patch[0];
    config.channels = patch[1];
    config.patch = patch[2];
    config.registers = contains("register_tokens") ? shape("register_tokens", 3)[1] : 0;
    config.table_side = table_side(table[1]);
    config.depth = depth();
    if (contains("blocks.0.mlp.w3.weight")) {
      config.feed_forward = VitFeedForward::kSwigluFused;
      config.hidden = shape("blocks.0.mlp.w3.weight", 2)[1];
    } else {
      config.hidden = shape("blocks.0.mlp.fc2.weight", 2)[1];
    }
    config.position = dinov2_position_rule(config);
    return config;
  }

 private:
  bool contains(const std::string& original) const {
    return names_.count(sources(original).front()) != 0;
  }

  std::vector<int64_t> shape(const std::string& original, std::size_t rank) const {
    const auto found = names_.find(sources(original).front());
    if (found == names_.end()) {
      refuse(checkpoint_, "holds no '" + sources(original).front() +
                              "', which every DINOv2 has; it is the checkpoint of another model");
    }
    const std::vector<int64_t>& sizes = checkpoint_.shape(found->second);
    if (sizes.size() != rank) {
      refuse(checkpoint_, "holds '" + found->second + "' with " + std::to_string(sizes.size()) +
                              " dimensions; expected " + std::to_string(rank));
    }
    return sizes;
  }

  int64_t table_side(int64_t rows) const {
    int64_t side = 0;
    while ((side + 1) * (side + 1) <= rows - 1) ++side;
    if (side == 0 || side * side != rows - 1) {
      refuse(checkpoint_, "has a position table of " + std::to_string(rows) +
                              " rows; expected one and the square of a whole number");
    }
    return side;
  }

  int64_t depth() const {
    const std::string start = is_hugging_face_ ? "encoder.layer." : "blocks.";
    int64_t last = -1;
    std::string rest;
    for (const auto& [name, actual] : names_) {
      if (!starts_with(name, start)) continue;
      last = std::max(last, leading_index(name.substr(start.size()), rest));
    }
    return last + 1;
  }

  const Checkpoint& checkpoint_;
  const NameMap& names_;
  bool is_hugging_face_;
};

/// A whole number written in the metadata, else 0.
int64_t metadata_heads(const Checkpoint& checkpoint) {
  const auto found = checkpoint.metadata().find("num_heads");
  if (found == checkpoint.metadata().end()) return 0;
  int64_t heads = 0;
  const std::string& text = found->second;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), heads);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || heads < 1) {
    throw Error(ErrorKind::kInput, checkpoint.path(),
                "has the metadata num_heads '" + text + "'; expected a whole number above 0");
  }
  return heads;
}

/// Takes the heads and the norm's epsilon from a config.json, whose other fields show in the
/// weights.
void apply_config_file(const Checkpoint& checkpoint, VitConfig& config) {
  const std::string where = checkpoint.path() + " (config.json)";
  const nlohmann::json file = nlohmann::json::parse(checkpoint.config_text(), nullptr, false);
  if (!file.is_object()) throw Error(ErrorKind::kInput, where, "is not a JSON object");
  if (file.contains("model_type") && file.at("model_type") != "dinov2" &&
      file.at("model_type") != "dinov2_with_registers") {
    throw Error(ErrorKind::kIncompatible, where,
                "says model_type " + file.at("model_type").dump() +
                    "; expected \"dinov2\" or \"dinov2_with_registers\"");
  }
  if (file.contains("hidden_act") && file.at("hidden_act") != "gelu") {
    throw Error(ErrorKind::kIncompatible, where,
                "says hidden_act " + file.at("hidden_act").dump() + "; expected \"gelu\"");
  }
  if (file.contains("num_attention_heads")) {
    const nlohmann::json& value = file.at("num_attention_heads");
    if (!value.is_number_unsigned() || value == 0) {
      throw Error(ErrorKind::kInput, where, "has num_attention_heads " + value.dump());
    }
    config.heads = value.get<int64_t>();
  }
  if (file.contains("layer_norm_eps")) {
    const nlohmann::json& value = file.at("layer_norm_eps");
    if (!value.is_number())
      throw Error(ErrorKind::kInput, where, "has layer_norm_eps " + value.dump());
    config.norm_epsilon = value.get<double>();
  }
}

void set_heads(const Checkpoint& checkpoint, int64_t heads, VitConfig& config) {
  constexpr int64_t kHeadWidth = 64;
  config.heads = metadata_heads(checkpoint);
  if (!checkpoint.config_text().empty()) apply_config_file(checkpoint, config);
  if (heads > 0) config.heads = heads;
  if (config.heads > 0) return;
  if (config.width % kHeadWidth != 0) {
    throw Error(
        ErrorKind::kUsage, checkpoint.path(),
        "has width " + std::to_string(config.width) +
            ", which is no multiple of 64, so the number of attention heads is not known; set "
            "the option 'heads'");
  }
  config.heads = config.width / kHeadWidth;
}

bool is_unused(const std::string& name) {
  return name == "mask_token" || name == "embeddings.mask_token" ||
         starts_with(name, "dino_head.") || starts_with(name, "ibot_head.") ||
         starts_with(name, "classifier.");
}

}  // namespace

Dinov2Weights load_dinov2(const std::string& path, int64_t heads) {
  const Checkpoint checkpoint = Checkpoint::open(path);
  const NameMap names = plain_names(checkpoint);
  const Inference inference(checkpoint, names);
  Dinov2Weights weights;
  weights.path = checkpoint.path();
  weights.config = inference.config();
  set_heads(checkpoint, heads, weights.config);
  weights.config.validate(checkpoint.path());

  std::vector<WantedTensor> wanted;
  for (const VitParameter& parameter : vit_parameters(weights.config)) {
    WantedTensor tensor = {parameter.name, parameter.shape, {}};
    for (const std::string& source : inference.sources(parameter.name)) {
      const auto found = names.find(source);
      tensor.sources.push_back(found == names.end() ? source : found->second);
    }
    wanted.push_back(std::move(tensor));
  }
  std::set<std::string> unused;
  for (const auto& [plain, actual] : names) {
    if (is_unused(plain)) unused.insert(actual);
  }
  weights.parameters = load_strictly(checkpoint, wanted, unused, "DINOv2");
  weights.digest = checkpoint.digest();
  return weights;
}

}  // namespace physprobe
