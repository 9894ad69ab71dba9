#include "physprobe/encoders/vit_detection.h"

#include "physprobe/core/error.h"
#include "physprobe/core/text_affix.h"
#include "physprobe/encoders/vit_sincos.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace physprobe {
namespace {

const char* const kPatchNames[] = {"patch_embed.proj.weight",
                                   "embeddings.patch_embeddings.projection.weight",
                                   "embeddings.patch_embeddings.proj.weight",
                                   "embeddings.patch_embeddings.weight",
                                   "embeddings.patch_embedding.weight",
                                   "conv1.weight"};

/// What precedes a patch embedding's name; nullopt-like: false if `name` is none.
bool holder_of(const std::string& name, std::string& holder) {
  for (const std::string patch : kPatchNames) {
    if (name == patch || ends_with(name, "." + patch)) {
      holder = name.substr(0, name.size() - patch.size());
      return true;
    }
  }
  return false;
}

/// "blocks.1.7.norm1.weight" of training in chunks is block 7.
std::string without_chunk(const std::string& name) {
  const std::string blocks = "blocks.";
  if (!starts_with(name, blocks)) return name;
  std::string inner;
  std::string rest;
  if (leading_index(name.substr(blocks.size()), inner) >= 0 && leading_index(inner, rest) >= 0) {
    return blocks + inner;
  }
  return name;
}

std::string chosen_holder(const Checkpoint& checkpoint,
                          const std::vector<std::string>& holders,
                          const std::string& key,
                          const std::vector<std::string>& preferred) {
  const auto under = [&](const std::string& wanted) {
    std::vector<std::string> found;
    for (const std::string& holder : holders) {
      if (starts_with(holder, wanted + ".")) found.push_back(holder);
    }
    return found;
  };
  const std::string list = fmt::format("'{}'", fmt::join(holders, "', '"));
  if (!key.empty()) {
    const std::vector<std::string> found = under(key);
    if (found.size() == 1) return found.front();
    throw Error(
        ErrorKind::kUsage, checkpoint.path(),
        fmt::format("holds {} models under the checkpoint_key '{}'; its models are under {}",
                    found.empty() ? "no" : "several", key, list));
  }
  if (holders.size() == 1) return holders.front();
  for (const std::string& wanted : preferred) {
    const std::vector<std::string> found = under(wanted);
    if (found.size() == 1) return found.front();
  }
  throw Error(ErrorKind::kIncompatible, checkpoint.path(),
              "holds several models, under " + list +
                  "; set the option 'checkpoint_key' to what precedes the one you mean");
}

bool has(const ModelNames& model, const std::string& name) {
  return model.names.count(name) != 0;
}

bool has_part(const ModelNames& model, const std::string& part) {
  return std::any_of(model.names.begin(), model.names.end(), [&](const auto& entry) {
    return entry.first.find(part) != std::string::npos;
  });
}

/// "'a.0.message_fc.weight' and 71 more": what X-CLIP adds to CLIP's blocks; "" where there is
/// none.
std::string message_tensors(const ModelNames& model) {
  std::string first;
  int64_t count = 0;
  for (const auto& [name, actual] : model.names) {
    if (name.find(".message_") == std::string::npos) continue;
    if (count++ == 0) first = "'" + actual + "'";
  }
  if (count < 2) return first;
  return fmt::format("{} and {} more", first, count - 1);
}

/// model_type of a config.json, "" if there is none.
std::string model_type(const Checkpoint& checkpoint) {
  const nlohmann::json file = nlohmann::json::parse(checkpoint.config_text(), nullptr, false);
  if (!file.is_object() || !file.contains("model_type") || !file.at("model_type").is_string()) {
    return "";
  }
  return file.at("model_type").get<std::string>();
}

/// timm keeps a SwiGLU's two matrices as fc1, twice as high as fc2 is wide, and fc2.
bool has_packed_swiglu(const ModelNames& model, const Checkpoint& checkpoint) {
  const auto first = model.names.find("blocks.0.mlp.fc1.weight");
  const auto second = model.names.find("blocks.0.mlp.fc2.weight");
  if (first == model.names.end() || second == model.names.end()) return false;
  const std::vector<int64_t>& rows = checkpoint.shape(first->second);
  const std::vector<int64_t>& columns = checkpoint.shape(second->second);
  return rows.size() == 2 && columns.size() == 2 && rows[0] == 2 * columns[1];
}

/// Names of the original code's kind with patches that span several frames.
VitDetection detect_video(const ModelNames& model, const Checkpoint& checkpoint) {
  if (has(model, "blocks.0.attn.q_bias")) {
    return {"videomae", &videomae_naming(), "query and value biases"};
  }
  if (has(model, "norms_block.0.weight")) {
    return {"vjepa2_1", &vjepa2_1_naming(), "norms_block"};
  }
  if (has_part(model, "_rotary_emb.freqs") || has(model, "blocks.0.mlp.fc3.weight")) {
    return {"vjepa", &vjepa_naming(), "rotary_emb, SwiGLU"};
  }
  const auto table = model.names.find("pos_embed");
  if (table != model.names.end() && recognise_sincos(checkpoint.read_float(table->second))) {
    return {"vjepa", &vjepa_naming(), "a fixed position table"};
  }
  return {"vjepa2", &vjepa_naming(), "no position table in use"};
}

/// Names of the original code's kind: DINOv2, DINOv3, I-JEPA, MSN, MAE, timm.
VitDetection detect_original(const ModelNames& model, const Checkpoint& checkpoint) {
  if (has(model, "storage_tokens") || has(model, "rope_embed.periods")) {
    return {"dinov3", &dinov3_naming(), "storage_tokens, rope_embed"};
  }
  if (checkpoint.shape(model.names.at("patch_embed.proj.weight")).size() == 5) {
    return detect_video(model, checkpoint);
  }
  if (has(model, "blocks.0.ls1.gamma")) {
    const bool is_timm = has(model, "reg_token") || has_packed_swiglu(model, checkpoint);
    return {"dinov2", is_timm ? &timm_dinov2_naming() : &original_naming(), "layer scale"};
  }
  if (!has(model, "cls_token")) return {"ijepa", &original_naming(), "no class token"};
  if (has(model, "mask_token") || has_part(model, "decoder_")) {
    return {"mae", &original_naming(), "mask_token, decoder"};
  }
  for (const std::string& holder : model.holders) {
    if (starts_with(holder, "target_encoder.")) {
      return {"msn", &original_naming(), "target_encoder with a class token"};
    }
  }
  return {"vit", &original_naming(), "a class token, no layer scale"};
}

/// Names of Hugging Face's kind for the same models.
VitDetection detect_hugging_face(const ModelNames& model, const Checkpoint& checkpoint) {
  if (has(model, "encoder.layer.0.layer_scale1.lambda1")) {
    return {"dinov2", &hugging_face_naming(), "layer scale"};
  }
  if (has(model, "encoder.layer.0.attention.attention.q_bias")) {
    return {"videomae", &hugging_face_videomae_naming(), "query and value biases"};
  }
  if (!has(model, "embeddings.cls_token")) {
    return {"ijepa", &hugging_face_vit_naming(), "no class token"};
  }
  for (const VitFamily& family : vit_families()) {
    const auto& types = family.model_types;
    if (std::find(types.begin(), types.end(), model_type(checkpoint)) != types.end()) {
      return {family.name, &hugging_face_vit_naming(), "config.json's model_type"};
    }
  }
  return {"vit", &hugging_face_vit_naming(), "a class token, no layer scale"};
}

}  // namespace

ModelNames find_model(const Checkpoint& checkpoint,
                      const std::string& key,
                      const std::vector<std::string>& preferred) {
  ModelNames model;
  std::set<std::string> holders;
  std::string holder;
  for (const std::string& name : checkpoint.names()) {
    if (holder_of(name, holder)) holders.insert(holder);
  }
  if (holders.empty()) {
    throw Error(ErrorKind::kIncompatible, checkpoint.path(),
                "holds no patch embedding under any known name (such as '" +
                    std::string(kPatchNames[0]) +
                    "'); it is the checkpoint of another model (`physprobe inspect weights` shows "
                    "what it holds)");
  }
  model.holders.assign(holders.begin(), holders.end());
  model.holder = chosen_holder(checkpoint, model.holders, key, preferred);
  for (const std::string& name : checkpoint.names()) {
    if (!starts_with(name, model.holder)) {
      ++model.outside;
      continue;
    }
    const auto [place, is_new] =
        model.names.emplace(without_chunk(name.substr(model.holder.size())), name);
    if (!is_new) {
      throw Error(ErrorKind::kIncompatible, checkpoint.path(),
                  "holds both '" + place->second + "' and '" + name +
                      "', which are the same tensor; keep one model in the file");
    }
  }
  // Hugging Face keeps CLIP's projection beside the tower, not in it.
  const std::string tower = "vision_model.";
  const std::string projection = "visual_projection.weight";
  if (ends_with(model.holder, tower)) {
    const std::string beside =
        model.holder.substr(0, model.holder.size() - tower.size()) + projection;
    if (checkpoint.contains(beside)) {
      model.names.emplace(projection, beside);
      --model.outside;
    }
  }
  return model;
}

VitDetection detect_vit(const ModelNames& model, const Checkpoint& checkpoint) {
  if (has(model, "patch_embed.proj.weight")) return detect_original(model, checkpoint);
  if (has(model, "embeddings.patch_embeddings.projection.weight")) {
    return detect_hugging_face(model, checkpoint);
  }
  if (has(model, "embeddings.patch_embeddings.proj.weight")) {
    return {"vjepa2", &hugging_face_vjepa2_naming(), "embeddings.patch_embeddings.proj"};
  }
  if (has(model, "embeddings.patch_embeddings.weight")) {
    return {"dinov3", &hugging_face_dinov3_naming(), "embeddings.patch_embeddings"};
  }
  if (const std::string message = message_tensors(model); !message.empty()) {
    return {"", nullptr,
            "it is X-CLIP with message tokens (" + message +
                "), whose frames exchange messages inside the blocks, so that there is no encoder "
                "of single frames to read; serve the model by exec: (docs/exec_protocol.md), or "
                "give the file of a CLIP tower without these tensors"};
  }
  if (has(model, "conv1.weight") && has(model, "class_embedding")) {
    return {"clip", &clip_naming(), "class_embedding, conv1"};
  }
  if (has(model, "embeddings.class_embedding")) {
    return {"clip", &hugging_face_clip_naming(), "embeddings.class_embedding"};
  }
  if (has(model, "embeddings.patch_embedding.weight")) {
    return {"siglip", &hugging_face_clip_naming(), "a tower of CLIP's naming, no class token"};
  }
  return {"", nullptr, "a patch embedding, and nothing else that is known"};
}

bool is_plausible_family(const VitFamily& family, const std::string& detected) {
  return family.name == detected || std::find(family.lookalikes.begin(), family.lookalikes.end(),
                                              detected) != family.lookalikes.end();
}

}  // namespace physprobe
