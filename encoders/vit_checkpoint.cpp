#include "physprobe/encoders/vit_checkpoint.h"

#include "physprobe/core/error.h"
#include "physprobe/encoders/checkpoint.h"
#include "physprobe/encoders/checkpoint_loader.h"
#include "physprobe/encoders/vit_config_file.h"
#include "physprobe/encoders/vit_detection.h"
#include "physprobe/encoders/vit_inference.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace physprobe {
namespace {

/// I-JEPA's training checkpoints look like V-JEPA's but for their patches.
bool holds_video_model(const Checkpoint& checkpoint) {
  const std::string patch = "patch_embed.proj.weight";
  return std::any_of(checkpoint.names().begin(), checkpoint.names().end(),
                     [&](const std::string& name) {
                       return name.size() >= patch.size() &&
                              name.compare(name.size() - patch.size(), patch.size(), patch) == 0 &&
                              checkpoint.shape(name).size() == 5;
                     });
}

/// Which sub-dictionaries to prefer: those of the family asked for, else of all.
std::vector<std::string> preferred_keys(const Checkpoint& checkpoint, const VitRequest& request) {
  std::vector<std::string> keys;
  if (!request.family.empty()) {
    keys = vit_family(request.family).checkpoint_keys;
  } else if (holds_video_model(checkpoint)) {
    // The published evaluations read the target encoder.
    keys = vit_family("vjepa").checkpoint_keys;
  } else if (checkpoint.contains("prototypes")) {
    // MSN's files carry prototypes, and its evaluation reads the target encoder; I-JEPA's do not.
    keys = vit_family("msn").checkpoint_keys;
  }
  for (const char* key : {"teacher", "state_dict", "model", "encoder", "target_encoder"}) {
    keys.emplace_back(key);
  }
  return keys;
}

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

/// Heads of the published size with this width, depth and patch, else 0.
int64_t published_heads(const VitFamily& family, const VitConfig& config) {
  for (const VitSize& size : family.sizes) {
    if (size.config.width == config.width && size.config.depth == config.depth &&
        size.config.patch == config.patch) {
      return size.config.heads;
    }
  }
  return 0;
}

void set_heads(const Checkpoint& checkpoint,
               const VitFamily& family,
               const VitRequest& request,
               const VitConfigFile& file,
               VitFacts& facts) {
  constexpr int64_t kHeadWidth = 64;
  const int64_t width = facts.config.width;
  const std::pair<int64_t, const char*> answers[] = {
      {request.heads, "option"},
      {file.heads, "config.json"},
      {metadata_heads(checkpoint), "metadata"},
      {published_heads(family, facts.config), "published size"},
      {width % kHeadWidth == 0 ? width / kHeadWidth : 0, "width / 64"}};
  for (const auto& [heads, source] : answers) {
    if (heads == 0) continue;
    facts.config.heads = heads;
    facts.heads_from = source;
    return;
  }
  throw Error(ErrorKind::kUsage, checkpoint.path(),
              "has width " + std::to_string(width) +
                  ", which is no multiple of 64, so the number of attention heads is not known; "
                  "set the option 'heads'");
}

std::string places_text(const VitConfig& config) {
  switch (config.positions) {
    case VitPositions::kTable:
      return config.tubelet == 1
                 ? fmt::format("{}x{} positions", config.table_side, config.table_side)
                 : fmt::format("{}x{}x{} fixed positions", config.table_steps, config.table_side,
                               config.table_side);
    case VitPositions::kRotary:
      return "rotary positions";
    case VitPositions::kSinusoid:
      return "sinusoid positions";
    case VitPositions::kRotaryVideo:
      return "rotary positions of V-JEPA 1";
    case VitPositions::kRotaryVideoTiled:
      return "rotary positions of V-JEPA 2 (tiled frequencies)";
    case VitPositions::kRotaryVideoInterleaved:
      return "rotary positions of V-JEPA 2.1";
  }
  return "";
}

std::string facts_line(const VitFacts& facts, const VitFamily& family, const ModelNames& model) {
  const VitConfig& c = facts.config;
  const std::string size = vit_size_name(family, c);
  std::string line =
      fmt::format("{}{} ({} names): width {}, {} blocks, {} heads ({}), patch {}, ", family.name,
                  size.empty() ? " of no published size" : " " + size, facts.naming->name, c.width,
                  c.depth, c.heads, facts.heads_from, c.patch);
  if (c.tubelet > 1) line += fmt::format("{} frames a step, ", c.tubelet);
  line += places_text(c);
  if (c.registers > 0) line += fmt::format(", {} registers", c.registers);
  line += fmt::format(", {} {}", feed_forward_name(c.feed_forward), c.hidden);
  if (c.projection > 0) line += fmt::format(", projection to {}", c.projection);
  if (!model.holder.empty()) {
    line += fmt::format("; under '{}'", model.holder);
    if (model.holders.size() > 1) line += fmt::format(" (of {} models)", model.holders.size());
  }
  if (model.outside > 0) line += fmt::format("; {} other tensors unused", model.outside);
  return line;
}

/// timm's models pooled by the mean norm it (fc_norm) and have no norm of tokens: that norm takes
/// its name.
bool use_pooled_norm(ModelNames& model) {
  const auto weight = model.names.find("fc_norm.weight");
  const auto bias = model.names.find("fc_norm.bias");
  if (model.names.count("norm.weight") != 0 || weight == model.names.end() ||
      bias == model.names.end()) {
    return false;
  }
  model.names["norm.weight"] = weight->second;
  model.names["norm.bias"] = bias->second;
  model.names.erase("fc_norm.weight");
  model.names.erase("fc_norm.bias");
  return true;
}

struct Plan {
  ModelNames model;
  VitFacts facts;
};

Plan plan(const Checkpoint& checkpoint, const VitRequest& request) {
  Plan result;
  result.model =
      find_model(checkpoint, request.checkpoint_key, preferred_keys(checkpoint, request));
  VitFacts& facts = result.facts;
  const VitDetection found = detect_vit(result.model, checkpoint);
  if (found.naming == nullptr) {
    throw Error(ErrorKind::kIncompatible, checkpoint.path(),
                "cannot be read as an encoder: " + found.reason);
  }
  facts.family = request.family.empty() ? found.family : request.family;
  const VitFamily& family = vit_family(facts.family);
  if (!is_plausible_family(family, found.family)) {
    throw Error(ErrorKind::kIncompatible, checkpoint.path(),
                "is not a checkpoint of " + family.title + " but looks like " +
                    vit_family(found.family).title + " (" + found.reason + "); set 'family' to " +
                    found.family + " or leave it out");
  }
  facts.naming = found.naming;
  facts.holder = result.model.holder;
  facts.is_one_of_several = result.model.holders.size() > 1;
  const bool is_normed_after_mean = use_pooled_norm(result.model);
  facts.config = infer_vit_config(checkpoint, result.model, family, *found.naming);
  if (is_normed_after_mean) facts.config.pooling = VitPooling::kMeanThenNorm;
  const VitConfigFile file = read_vit_config_file(checkpoint, family);
  apply_vit_config_file(file, facts.config);
  set_heads(checkpoint, family, request, file, facts);
  facts.config.position = vit_position_rule(family, "auto", facts.config);
  facts.config.validate(checkpoint.path());
  facts.line = facts_line(facts, family, result.model);
  return result;
}

/// Which tensors of the file a model is made of, and which are there without a use.
struct Selection {
  std::vector<WantedTensor> wanted;
  std::set<std::string> unused;
  std::vector<std::string> passed_over;  // those of them under the model's holder
};

Selection select(const Checkpoint& checkpoint, const Plan& planned) {
  const VitNaming& naming = *planned.facts.naming;
  const std::map<std::string, std::string>& names = planned.model.names;
  const auto in_file = [&](const std::string& theirs) {
    const auto found = names.find(theirs);
    return found == names.end() ? planned.model.holder + theirs : found->second;
  };
  Selection selection;
  for (const VitParameter& parameter : vit_parameters(planned.facts.config)) {
    if (parameter.name == kRotaryPeriods && names.count(kRotaryPeriods) == 0) continue;
    WantedTensor tensor = {parameter.name, parameter.shape, {}};
    const auto& turned = naming.transposed;
    tensor.is_transposed = std::find(turned.begin(), turned.end(), parameter.name) != turned.end();
    for (const std::string& source : naming.sources(parameter.name)) {
      tensor.sources.push_back(source.empty() ? "" : in_file(source));
    }
    selection.wanted.push_back(std::move(tensor));
  }
  selection.unused.insert(checkpoint.names().begin(), checkpoint.names().end());
  for (const auto& [plain, actual] : names) {
    const bool is_mask =
        naming.is_key_bias_masked && plain.find("attn.qkv.bias_mask") != std::string::npos;
    // A table left over from training, whatever its shape, in a model of rotary positions.
    const bool is_left_over = planned.facts.config.tubelet > 1 && plain == "pos_embed" &&
                              planned.facts.config.positions != VitPositions::kTable;
    if (!naming.is_unused(plain) && !is_mask && !is_left_over) {
      selection.unused.erase(actual);
    } else {
      selection.passed_over.push_back(actual);
    }
  }
  return selection;
}

/// The middle third of a fused bias is the keys'.
void clear_key_biases(const VitConfig& config, VitParameters& parameters) {
  for (int64_t i = 0; i < config.depth; ++i) {
    const auto bias = parameters.find("blocks." + std::to_string(i) + ".attn.qkv.bias");
    if (bias != parameters.end()) bias->second.narrow(0, config.width, config.width).zero_();
  }
}

}  // namespace

VitFacts read_vit_facts(const Checkpoint& checkpoint, const VitRequest& request) {
  return plan(checkpoint, request).facts;
}

VitFit fit_vit(const Checkpoint& checkpoint, const VitRequest& request) {
  Plan planned = plan(checkpoint, request);
  const Selection selection = select(checkpoint, planned);
  return {std::move(planned.facts), find_misfit(checkpoint, selection.wanted, selection.unused)};
}

VitWeights load_vit(const std::string& path, const VitRequest& request) {
  const Checkpoint checkpoint = Checkpoint::open(path);
  VitWeights weights = load_vit(checkpoint, request);
  weights.digest = checkpoint.digest();
  return weights;
}

VitWeights load_vit(const Checkpoint& checkpoint, const VitRequest& request) {
  Plan planned = plan(checkpoint, request);
  const Selection selection = select(checkpoint, planned);
  VitWeights weights;
  weights.path = checkpoint.path();
  weights.facts = std::move(planned.facts);
  const VitConfig& config = weights.facts.config;
  weights.parameters = load_strictly(checkpoint, selection.wanted, selection.unused,
                                     vit_family(weights.facts.family).title);
  if (weights.facts.naming->is_key_bias_masked) clear_key_biases(config, weights.parameters);
  if (config.positions == VitPositions::kRotary && weights.parameters.count(kRotaryPeriods) == 0) {
    weights.parameters[kRotaryPeriods] = rotary_periods(config.head_width(), kRotaryBase);
  }
  weights.unused = selection.passed_over;
  return weights;
}

}  // namespace physprobe
