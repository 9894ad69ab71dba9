#include "physprobe/encoders/vit_decoder_checkpoint.h"

#include "physprobe/core/error.h"
#include "physprobe/core/text_affix.h"
#include "physprobe/encoders/vit_config_file.h"
#include "physprobe/encoders/vit_detection.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

namespace physprobe {
namespace {

struct EntryName {
  const char* name;  ///< Of the layer through which encoded tokens enter.
  const VitNaming& (*naming)();
};
constexpr EntryName kEntryNames[] = {
    {"embeddings.predictor_embeddings.weight", hugging_face_vjepa2_predictor_naming},
    {"predictor_embed.weight", vjepa_predictor_naming},
    {"predictor_embed.0.weight", vjepa_predictor_naming},
    {"encoder_to_decoder.weight", videomae_decoder_naming}};
// VideoMAE's conversions keep that layer's name.
constexpr const char* kConvertedBlocks = "decoder.decoder_layers.";

/// The decoder's names in the file: without its holder -> in the file.
struct DecoderNames {
  const VitNaming* naming = nullptr;
  std::string holder;
  std::map<std::string, std::string> names;
};

DecoderNames find_decoder(const Checkpoint& checkpoint) {
  DecoderNames found;
  for (const std::string& name : checkpoint.names()) {
    for (const EntryName& entry : kEntryNames) {
      const std::string end = entry.name;
      if (name != end && !ends_with(name, "." + end)) continue;
      found.naming = &entry.naming();
      found.holder = name.substr(0, name.size() - end.size());
    }
  }
  if (found.naming == nullptr) return found;
  for (const std::string& name : checkpoint.names()) {
    if (name.compare(0, found.holder.size(), found.holder) == 0) {
      found.names[name.substr(found.holder.size())] = name;
    }
  }
  const auto block = found.names.lower_bound(kConvertedBlocks);
  if (block != found.names.end() && starts_with(block->first, kConvertedBlocks)) {
    found.naming = &hugging_face_videomae_decoder_naming();
  }
  return found;
}

class Inference {
 public:
  Inference(const Checkpoint& checkpoint, const DecoderNames& decoder, const VitFamily& family)
      : checkpoint_(checkpoint), decoder_(decoder), family_(family) {}

  VitDecoderConfig config(const VitConfig& encoder) const {
    VitDecoderConfig config = family_.decoder_base;
    config.blocks = encoder;
    config.blocks.level_norms = 1;
    const std::vector<int64_t> projection = shape("proj.weight", 2);
    config.blocks.width = projection[1];
    config.outputs = projection[0];
    if (contains("embed.0.weight")) {
      config.input_hidden = shape("embed.0.weight", 2)[0];
      config.inputs = shape("embed.0.weight", 2)[1];
    } else {
      config.inputs = shape("embed.weight", 2)[1];
    }
    config.blocks.depth = depth();
    config.mask_tokens = mask_tokens();
    const bool is_gated = contains("blocks.0.mlp.w3.weight");
    config.blocks.feed_forward = is_gated ? VitFeedForward::kSwigluFused : VitFeedForward::kGelu;
    config.blocks.hidden =
        shape(is_gated ? "blocks.0.mlp.w3.weight" : "blocks.0.mlp.fc2.weight", 2)[1];
    config.blocks.has_qkv_bias = contains("blocks.0.attn.qkv.bias");
    return config;
  }

 private:
  bool contains(const std::string& ours) const {
    return decoder_.names.count(decoder_.naming->sources(ours).front()) != 0;
  }

  std::vector<int64_t> shape(const std::string& ours, std::size_t rank) const {
    const std::string theirs = decoder_.naming->sources(ours).front();
    const auto found = decoder_.names.find(theirs);
    if (found == decoder_.names.end()) {
      throw Error(ErrorKind::kIncompatible, checkpoint_.path(),
                  "holds no '" + decoder_.holder + theirs + "', which every predictor of " +
                      family_.title + " has");
    }
    const std::vector<int64_t>& sizes = checkpoint_.shape(found->second);
    if (sizes.size() != rank) {
      throw Error(ErrorKind::kIncompatible, checkpoint_.path(),
                  fmt::format("holds '{}' with {} dimensions; expected {}", found->second,
                              sizes.size(), rank));
    }
    return sizes;
  }

  /// One stacked tensor, or tensors numbered from 0.
  int64_t mask_tokens() const {
    const auto stacked = decoder_.names.find(decoder_.naming->sources("mask_tokens").front());
    if (stacked != decoder_.names.end()) {
      const std::vector<int64_t>& sizes = checkpoint_.shape(stacked->second);
      return sizes.empty() ? 0 : sizes.front();
    }
    int64_t count = 0;
    while (decoder_.names.count("mask_tokens." + std::to_string(count)) != 0) ++count;
    return count;
  }

  int64_t depth() const {
    const std::string& block = decoder_.naming->block;
    int64_t last = -1;
    std::string rest;
    for (const auto& [name, actual] : decoder_.names) {
      if (name.compare(0, block.size(), block) != 0) continue;
      last = std::max(last, leading_index(name.substr(block.size()), rest));
    }
    return last + 1;
  }

  const Checkpoint& checkpoint_;
  const DecoderNames& decoder_;
  const VitFamily& family_;
};

int64_t metadata_heads(const Checkpoint& checkpoint) {
  const auto found = checkpoint.metadata().find("predictor_num_heads");
  if (found == checkpoint.metadata().end()) return 0;
  int64_t heads = 0;
  const std::string& text = found->second;
  std::from_chars(text.data(), text.data() + text.size(), heads);
  return heads;
}

/// Heads of the predictor published with an encoder of this width, depth and patch.
int64_t published_heads(const VitFamily& family,
                        const VitConfig& encoder,
                        const VitDecoderConfig& config) {
  for (const VitSize& size : family.sizes) {
    if (size.decoder && size.config.width == encoder.width && size.config.depth == encoder.depth &&
        size.config.patch == encoder.patch && size.decoder->blocks.width == config.blocks.width) {
      return size.decoder->blocks.heads;
    }
  }
  return 0;
}

std::string set_heads(const Checkpoint& checkpoint,
                      const VitFamily& family,
                      const VitConfig& encoder,
                      int64_t asked,
                      VitDecoderConfig& config) {
  constexpr int64_t kHeadWidth = 32;
  const int64_t width = config.blocks.width;
  const std::pair<int64_t, const char*> answers[] = {
      {asked, "option"},
      {read_vit_config_file(checkpoint, family).predictor_heads, "config.json"},
      {metadata_heads(checkpoint), "metadata"},
      {published_heads(family, encoder, config), "published size"},
      {width % kHeadWidth == 0 ? width / kHeadWidth : 0, "width / 32"}};
  for (const auto& [heads, source] : answers) {
    if (heads == 0) continue;
    config.blocks.heads = heads;
    return source;
  }
  throw Error(
      ErrorKind::kUsage, checkpoint.path(),
      fmt::format("has a predictor of width {}, which is no multiple of 32, so the number of "
                  "its attention heads is not known; set the option 'predictor_heads'",
                  width));
}

struct Plan {
  DecoderNames decoder;
  VitDecoderFacts facts;
};

Plan plan(const Checkpoint& checkpoint,
          const VitFamily& family,
          const VitConfig& encoder,
          int64_t heads) {
  Plan result;
  result.decoder = find_decoder(checkpoint);
  const auto& known = family.decoder_namings;
  if (result.decoder.naming == nullptr ||
      std::find(known.begin(), known.end(), result.decoder.naming) == known.end()) {
    throw Error(
        ErrorKind::kIncompatible, checkpoint.path(),
        result.decoder.naming == nullptr
            ? "holds no predictor, only an encoder; surprise needs both: fetch the file that "
              "was saved in training"
            : "holds a predictor under '" + result.decoder.holder + "' that is none of " +
                  family.title);
  }
  VitDecoderFacts& facts = result.facts;
  facts.naming = result.decoder.naming;
  facts.holder = result.decoder.holder;
  facts.config = Inference(checkpoint, result.decoder, family).config(encoder);
  const std::string source = set_heads(checkpoint, family, encoder, heads, facts.config);
  facts.config.validate(checkpoint.path());
  facts.line = fmt::format("predictor: width {}, {} blocks, {} heads ({}), {} mask tokens",
                           facts.config.blocks.width, facts.config.blocks.depth,
                           facts.config.blocks.heads, source, facts.config.mask_tokens);
  return result;
}

std::vector<std::string> sources_of(const Plan& planned, const VitParameter& parameter) {
  const bool is_numbered =
      parameter.name == "mask_tokens" && planned.decoder.names.count("mask_tokens.0") != 0;
  if (!is_numbered) return planned.facts.naming->sources(parameter.name);
  std::vector<std::string> numbered;
  for (int64_t i = 0; i < planned.facts.config.mask_tokens; ++i) {
    numbered.push_back("mask_tokens." + std::to_string(i));
  }
  return numbered;
}

}  // namespace

bool holds_predictor(const Checkpoint& checkpoint) {
  return find_decoder(checkpoint).naming != nullptr;
}

VitDecoderFacts read_vit_decoder_facts(const Checkpoint& checkpoint,
                                       const VitFamily& family,
                                       const VitConfig& encoder,
                                       int64_t heads) {
  return plan(checkpoint, family, encoder, heads).facts;
}

VitDecoderWeights load_vit_decoder(const Checkpoint& checkpoint,
                                   const VitFamily& family,
                                   const VitConfig& encoder,
                                   int64_t heads) {
  Plan planned = plan(checkpoint, family, encoder, heads);
  const VitNaming& naming = *planned.facts.naming;
  std::vector<WantedTensor> wanted;
  for (const VitParameter& parameter : vit_decoder_parameters(planned.facts.config)) {
    WantedTensor tensor = {parameter.name, parameter.shape, {}};
    for (const std::string& source : sources_of(planned, parameter)) {
      tensor.sources.push_back(source.empty() ? "" : planned.decoder.holder + source);
    }
    wanted.push_back(std::move(tensor));
  }
  VitDecoderWeights weights;
  std::set<std::string> ignored(checkpoint.names().begin(), checkpoint.names().end());
  for (const auto& [plain, actual] : planned.decoder.names) {
    const bool is_left_over = plain == "predictor_pos_embed" &&
                              planned.facts.config.blocks.positions != VitPositions::kTable;
    if (naming.is_unused(plain) || is_left_over) {
      // VideoMAE's encoder lies beside its decoder, under one holder.
      const bool is_encoder = starts_with(plain, "encoder.") || starts_with(plain, "videomae.");
      if (!is_encoder) weights.unused.push_back(actual);
    } else {
      ignored.erase(actual);
    }
  }
  weights.parameters = load_strictly(checkpoint, wanted, ignored, family.title + "'s predictor");
  weights.facts = std::move(planned.facts);
  return weights;
}

}  // namespace physprobe
