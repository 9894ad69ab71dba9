#include "physprobe/encoders/vit_inference.h"

#include "physprobe/core/error.h"
#include "physprobe/encoders/vit_sincos.h"

#include <fmt/format.h>

#include <algorithm>

namespace physprobe {
namespace {

class Inference {
 public:
  Inference(const Checkpoint& checkpoint,
            const ModelNames& model,
            const VitFamily& family,
            const VitNaming& naming)
      : checkpoint_(checkpoint), model_(model), family_(family), naming_(naming) {}

  VitConfig config() const {
    VitConfig config = family_.base;
    const std::size_t rank = family_.base.tubelet > 1 ? 5 : 4;
    const std::vector<int64_t> patch = shape("patch_embed.proj.weight", rank);
    if (patch[rank - 2] != patch[rank - 1]) {
      refuse(fmt::format("has patches of {}x{} pixels; only square ones are read", patch[rank - 2],
                         patch[rank - 1]));
    }
    config.width = patch[0];
    config.channels = patch[1];
    config.patch = patch[rank - 1];
    if (rank == 5) config.tubelet = patch[2];
    config.has_class_token = contains("cls_token");
    config.registers = contains("register_tokens") ? shape("register_tokens", 3)[1] : 0;
    config.depth = depth();
    if (rank == 5) {
      // Files without a table do not say what size they were trained at.
      config.table_side = family_.base.table_side * family_.base.patch / config.patch;
    }
    if (family_.positions_of != nullptr) config.positions = family_.positions_of(model_);
    if (config.positions == VitPositions::kTable) {
      if (config.tubelet > 1) {
        read_video_table(config);
      } else {
        read_table(config);
      }
    }
    read_feed_forward(config);
    config.has_patch_bias = contains("patch_embed.proj.bias");
    config.has_qkv_bias = contains("blocks.0.attn.qkv.bias");
    config.has_entry_norm = contains("norm_pre.weight");
    if (family_.has_optional_layer_scale) config.has_layer_scale = contains("blocks.0.ls1.gamma");
    if (contains("projection.weight")) {
      const std::vector<int64_t> projection = shape("projection.weight", 2);
      config.projection = naming_.transposed.empty() ? projection[0] : projection[1];
    }
    if (config.pooling == VitPooling::kAttentionHead && !contains("head.probe")) {
      config.pooling = VitPooling::kMean;  // a tower saved without its head
    }
    return config;
  }

 private:
  [[noreturn]] void refuse(const std::string& message) const {
    throw Error(ErrorKind::kIncompatible, checkpoint_.path(), message);
  }

  bool contains(const std::string& ours) const {
    return model_.names.count(naming_.sources(ours).front()) != 0;
  }

  /// Shape of the first part of one of our tensors, of `rank` dimensions.
  std::vector<int64_t> shape(const std::string& ours, std::size_t rank) const {
    const std::string theirs = naming_.sources(ours).front();
    const auto found = model_.names.find(theirs);
    if (found == model_.names.end()) {
      refuse("holds no '" + model_.holder + theirs + "', which every " + family_.title +
             " has; it is the checkpoint of another model");
    }
    const std::vector<int64_t>& sizes = checkpoint_.shape(found->second);
    if (sizes.size() != rank) {
      refuse(fmt::format("holds '{}' with {} dimensions; expected {}", found->second, sizes.size(),
                         rank));
    }
    return sizes;
  }

  void read_table(VitConfig& config) const {
    const std::size_t rank = naming_.has_flat_table ? 2 : 3;
    const std::vector<int64_t> table = shape("pos_embed", rank);
    const int64_t rows = table[table.size() - 2];
    for (const int64_t class_rows : {config.has_class_token ? 1 : 0, 0}) {
      int64_t side = 0;
      while ((side + 1) * (side + 1) <= rows - class_rows) ++side;
      if (side == 0 || side * side != rows - class_rows) continue;
      config.table_side = side;
      config.is_class_positioned = class_rows == 1 || !config.has_class_token;
      return;
    }
    refuse(fmt::format("has a position table of {} rows; expected {}the square of a whole number",
                       rows, config.has_class_token ? "one and " : ""));
  }

  /// The grid of a fixed table is in its numbers alone.
  void read_video_table(VitConfig& config) const {
    shape("pos_embed", 3);
    const std::string name = model_.names.at("pos_embed");
    const auto found = recognise_sincos(checkpoint_.read_float(name));
    if (!found) {
      refuse("holds '" + name + "', which is not the fixed table of a " + family_.title +
             "; it is damaged, or left over in a model of rotary positions: then set 'family' to "
             "vjepa2");
    }
    config.table_steps = found->steps;
    config.table_side = found->side;
  }

  void read_feed_forward(VitConfig& config) const {
    const std::string w3 = "blocks.0.mlp.w3.weight";
    if (contains(w3)) {
      const int64_t hidden = shape(w3, 2)[1];
      const auto gates = static_cast<int64_t>(naming_.sources("blocks.0.mlp.w12.weight").size());
      if (contains("blocks.0.mlp.w12.weight") &&
          shape("blocks.0.mlp.w12.weight", 2)[0] * gates == 2 * hidden) {
        config.feed_forward = VitFeedForward::kSwigluFused;
        config.hidden = hidden;
        return;
      }
    }
    config.hidden = shape("blocks.0.mlp.fc2.weight", 2)[1];
  }

  int64_t depth() const {
    int64_t last = -1;
    std::string rest;
    for (const auto& [name, actual] : model_.names) {
      if (name.compare(0, naming_.block.size(), naming_.block) != 0) continue;
      last = std::max(last, leading_index(name.substr(naming_.block.size()), rest));
    }
    return last + 1;
  }

  const Checkpoint& checkpoint_;
  const ModelNames& model_;
  const VitFamily& family_;
  const VitNaming& naming_;
};

}  // namespace

VitConfig infer_vit_config(const Checkpoint& checkpoint,
                           const ModelNames& model,
                           const VitFamily& family,
                           const VitNaming& naming) {
  return Inference(checkpoint, model, family, naming).config();
}

}  // namespace physprobe
