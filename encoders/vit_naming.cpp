#include "physprobe/encoders/vit_naming.h"

#include "physprobe/core/text_affix.h"

#include <algorithm>
#include <charconv>

namespace physprobe {
namespace {

/// What a file calls `ours` by `pairs`; `ours` itself where no pair covers it.
std::string renamed(const VitNaming::Pairs& pairs, const std::string& ours) {
  for (const auto& [from, to] : pairs) {
    if (from.back() == '.' ? starts_with(ours, from) : ours == from) {
      return to + ours.substr(from.size());
    }
  }
  return ours;
}

const std::vector<std::string>& training_heads() {
  static const std::vector<std::string> names = {
      "mask_token", "head.",      "head_dist.", "fc.",         "pre_logits.",     "prototypes.",
      "dino_head.", "ibot_head.", "decoder",    "classifier.", "projection_head."};
  return names;
}

const std::vector<std::string>& hugging_face_heads() {
  static const std::vector<std::string> names = {"embeddings.mask_token", "embeddings.position_ids",
                                                 "pooler.", "classifier."};
  return names;
}

}  // namespace

int64_t leading_index(const std::string& text, std::string& rest) {
  int64_t value = -1;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto length = static_cast<std::size_t>(parsed.ptr - text.data());
  if (parsed.ec != std::errc() || value < 0 || length >= text.size() || text[length] != '.')
    return -1;
  rest = text.substr(length + 1);
  return value;
}

std::vector<std::string> VitNaming::sources(const std::string& ours) const {
  static const std::string blocks = "blocks.";
  std::string rest;
  const int64_t index =
      starts_with(ours, blocks) ? leading_index(ours.substr(blocks.size()), rest) : -1;
  if (index < 0) return {renamed(whole, ours)};
  const std::string layer = block + std::to_string(index) + ".";
  static const std::string qkv = "attn.qkv.";
  static const std::string gate = "mlp.w12.";
  const std::string kind = starts_with(rest, qkv) ? rest.substr(qkv.size()) : "";
  if (kind == "bias" && !query_key_value_bias.empty()) {
    std::vector<std::string> parts;
    for (const std::string& part : query_key_value_bias) {
      parts.push_back(part.empty() ? "" : layer + part);
    }
    return parts;
  }
  if (!kind.empty() && !query_key_value.empty()) {
    std::vector<std::string> parts;
    for (const std::string& part : query_key_value) parts.push_back(layer + part + kind);
    if (kind == "bias" && !has_key_bias) parts[1].clear();
    return parts;
  }
  if (starts_with(rest, gate) && !gate_and_value.empty()) {
    std::vector<std::string> parts;
    for (const std::string& part : gate_and_value) {
      parts.push_back(layer + part + rest.substr(gate.size()));
    }
    return parts;
  }
  return {layer + renamed(in_block, rest)};
}

bool VitNaming::is_unused(const std::string& theirs) const {
  const bool has_ending =
      std::any_of(unused_endings.begin(), unused_endings.end(), [&](const std::string& ending) {
        return theirs.size() >= ending.size() &&
               theirs.compare(theirs.size() - ending.size(), ending.size(), ending) == 0;
      });
  if (has_ending) return true;
  return std::any_of(unused.begin(), unused.end(), [&](const std::string& entry) {
    return entry.back() == '.' || entry == "decoder" ? starts_with(theirs, entry) : theirs == entry;
  });
}

const VitNaming& original_naming() {
  static const VitNaming naming = [] {
    VitNaming n;
    n.name = "original";
    n.block = "blocks.";
    n.unused = training_heads();
    return n;
  }();
  return naming;
}

const VitNaming& timm_dinov2_naming() {
  static const VitNaming naming = [] {
    VitNaming n = original_naming();
    n.name = "timm";
    n.whole = {{"register_tokens", "reg_token"}};
    n.in_block = {{"mlp.w12.", "mlp.fc1."}, {"mlp.w3.", "mlp.fc2."}};
    return n;
  }();
  return naming;
}

const VitNaming& hugging_face_naming() {
  static const VitNaming naming = [] {
    VitNaming n;
    n.name = "hf";
    n.block = "encoder.layer.";
    n.whole = {{"cls_token", "embeddings.cls_token"},
               {"dist_token", "embeddings.distillation_token"},
               {"register_tokens", "embeddings.register_tokens"},
               {"pos_embed", "embeddings.position_embeddings"},
               {"patch_embed.proj.", "embeddings.patch_embeddings.projection."},
               {"norm.", "layernorm."}};
    n.in_block = {{"attn.proj.", "attention.output.dense."},
                  {"ls1.gamma", "layer_scale1.lambda1"},
                  {"ls2.gamma", "layer_scale2.lambda1"},
                  {"mlp.w12.", "mlp.weights_in."},
                  {"mlp.w3.", "mlp.weights_out."}};
    n.query_key_value = {"attention.attention.query.", "attention.attention.key.",
                         "attention.attention.value."};
    n.unused = hugging_face_heads();
    return n;
  }();
  return naming;
}

const VitNaming& hugging_face_vit_naming() {
  static const VitNaming naming = [] {
    VitNaming n = hugging_face_naming();
    n.in_block = {{"norm1.", "layernorm_before."},
                  {"norm2.", "layernorm_after."},
                  {"attn.proj.", "attention.output.dense."},
                  {"mlp.fc1.", "intermediate.dense."},
                  {"mlp.fc2.", "output.dense."}};
    return n;
  }();
  return naming;
}

const VitNaming& dinov3_naming() {
  static const VitNaming naming = [] {
    VitNaming n = original_naming();
    n.whole = {{"register_tokens", "storage_tokens"}};
    n.gate_and_value = {"mlp.w1.", "mlp.w2."};
    n.is_key_bias_masked = true;
    n.unused.emplace_back("local_cls_norm.");  // global and local crops are told apart in training
    return n;
  }();
  return naming;
}

const VitNaming& hugging_face_dinov3_naming() {
  static const VitNaming naming = [] {
    VitNaming n;
    n.name = "hf";
    n.block = "layer.";
    n.whole = {{"cls_token", "embeddings.cls_token"},
               {"register_tokens", "embeddings.register_tokens"},
               {"patch_embed.proj.", "embeddings.patch_embeddings."}};
    n.in_block = {{"attn.proj.", "attention.o_proj."},   {"ls1.gamma", "layer_scale1.lambda1"},
                  {"ls2.gamma", "layer_scale2.lambda1"}, {"mlp.fc1.", "mlp.up_proj."},
                  {"mlp.fc2.", "mlp.down_proj."},        {"mlp.w3.", "mlp.down_proj."}};
    n.query_key_value = {"attention.q_proj.", "attention.k_proj.", "attention.v_proj."};
    n.gate_and_value = {"mlp.gate_proj.", "mlp.up_proj."};
    n.has_key_bias = false;
    n.unused = hugging_face_heads();
    return n;
  }();
  return naming;
}

const VitNaming& clip_naming() {
  static const VitNaming naming = [] {
    VitNaming n;
    n.name = "original";
    n.block = "transformer.resblocks.";
    n.whole = {{"cls_token", "class_embedding"},
               {"pos_embed", "positional_embedding"},
               {"patch_embed.proj.", "conv1."},
               {"norm_pre.", "ln_pre."},
               {"norm.", "ln_post."},
               {"projection.weight", "proj"}};
    n.in_block = {{"norm1.", "ln_1."},
                  {"norm2.", "ln_2."},
                  {"attn.qkv.weight", "attn.in_proj_weight"},
                  {"attn.qkv.bias", "attn.in_proj_bias"},
                  {"attn.proj.", "attn.out_proj."},
                  {"mlp.fc1.", "mlp.c_fc."},
                  {"mlp.fc2.", "mlp.c_proj."}};
    n.has_flat_table = true;
    n.transposed = {"projection.weight"};
    return n;
  }();
  return naming;
}

const VitNaming& hugging_face_clip_naming() {
  static const VitNaming naming = [] {
    VitNaming n;
    n.name = "hf";
    n.block = "encoder.layers.";
    n.whole = {{"cls_token", "embeddings.class_embedding"},
               {"pos_embed", "embeddings.position_embedding.weight"},
               {"patch_embed.proj.", "embeddings.patch_embedding."},
               {"norm_pre.", "pre_layrnorm."},  // spelt so in the files
               {"norm.", "post_layernorm."},
               {"projection.weight", "visual_projection.weight"},
               {"head.attention.in_proj.weight", "head.attention.in_proj_weight"},
               {"head.attention.in_proj.bias", "head.attention.in_proj_bias"},
               {"head.norm.", "head.layernorm."}};
    n.in_block = {{"norm1.", "layer_norm1."},
                  {"norm2.", "layer_norm2."},
                  {"attn.proj.", "self_attn.out_proj."}};
    n.query_key_value = {"self_attn.q_proj.", "self_attn.k_proj.", "self_attn.v_proj."};
    n.has_flat_table = true;
    n.unused = {"embeddings.position_ids"};
    return n;
  }();
  return naming;
}

const VitNaming& vjepa_naming() {
  static const VitNaming naming = [] {
    VitNaming n;
    n.name = "original";
    n.block = "blocks.";
    n.in_block = {{"mlp.w3.", "mlp.fc3."}};
    n.gate_and_value = {"mlp.fc1.", "mlp.fc2."};
    n.unused_endings = {"_rotary_emb.freqs"};  // fixed numbers that follow from the head's width
    return n;
  }();
  return naming;
}

const VitNaming& vjepa2_1_naming() {
  static const VitNaming naming = [] {
    VitNaming n = vjepa_naming();
    n.whole = {{"level_norms.", "norms_block."}, {"norm.", "norms_block.3."}};
    n.unused = {"patch_embed_img.", "img_mod_embed"};  // of single images
    return n;
  }();
  return naming;
}

const VitNaming& hugging_face_vjepa2_naming() {
  static const VitNaming naming = [] {
    VitNaming n;
    n.name = "hf";
    n.block = "layer.";
    n.whole = {{"patch_embed.proj.", "embeddings.patch_embeddings.proj."}, {"norm.", "layernorm."}};
    n.in_block = {{"attn.proj.", "attention.proj."}};
    n.query_key_value = {"attention.query.", "attention.key.", "attention.value."};
    return n;
  }();
  return naming;
}

const VitNaming& videomae_naming() {
  static const VitNaming naming = [] {
    VitNaming n;
    n.name = "original";
    n.block = "blocks.";
    n.query_key_value_bias = {"attn.q_bias", "", "attn.v_bias"};
    n.unused = {"head."};
    return n;
  }();
  return naming;
}

const VitNaming& hugging_face_videomae_naming() {
  static const VitNaming naming = [] {
    VitNaming n = hugging_face_vit_naming();
    n.query_key_value_bias = {"attention.attention.q_bias", "", "attention.attention.v_bias"};
    return n;
  }();
  return naming;
}

const VitNaming& vjepa_predictor_naming() {
  static const VitNaming naming = [] {
    VitNaming n = vjepa_naming();
    n.block = "predictor_blocks.";
    n.whole = {{"embed.", "predictor_embed."},
               {"pos_embed", "predictor_pos_embed"},
               {"norm.", "predictor_norm."},
               {"proj.", "predictor_proj."}};
    n.unused = {"predictor_proj_context.", "img_mod_embed"};  // V-JEPA 2.1: a loss of training
    return n;
  }();
  return naming;
}

const VitNaming& hugging_face_vjepa2_predictor_naming() {
  static const VitNaming naming = [] {
    VitNaming n = hugging_face_vjepa2_naming();
    n.whole = {{"embed.", "embeddings.predictor_embeddings."},
               {"mask_tokens", "embeddings.mask_tokens"},
               {"norm.", "layernorm."}};
    return n;
  }();
  return naming;
}

const VitNaming& videomae_decoder_naming() {
  static const VitNaming naming = [] {
    VitNaming n = videomae_naming();
    n.block = "decoder.blocks.";
    n.whole = {{"embed.", "encoder_to_decoder."},
               {"mask_tokens", "mask_token"},
               {"norm.", "decoder.norm."},
               {"proj.", "decoder.head."}};
    n.unused = {"encoder."};
    return n;
  }();
  return naming;
}

const VitNaming& hugging_face_videomae_decoder_naming() {
  static const VitNaming naming = [] {
    VitNaming n = hugging_face_videomae_naming();
    n.block = "decoder.decoder_layers.";
    n.whole = videomae_decoder_naming().whole;
    n.unused = {"videomae."};
    return n;
  }();
  return naming;
}

}  // namespace physprobe
