// I-JEPA (Assran et al. 2023).

#include "physprobe/encoders/vit_family.h"

namespace physprobe {
namespace {

PositionInterpolation position_rule(const std::string& code, const VitConfig&) {
  if (code == "timm") return PositionInterpolation::kSizeAntialias;
  // The original code assumes a class token the model lacks and stops at any other size; Hugging
  // Face's rule is the only one published.
  return PositionInterpolation::kSize;
}

std::vector<PreprocessSpec> presets(const VitConfig& config) {
  const int64_t side = native_side(config);
  return {
      with_imagenet_statistics(short_side_and_crop(
          "original", side * 256 / 224, side, ResampleFilter::kBilinear, CropOffset::kTorchvision)),
      with_half_statistics(
          squashed("hf", side, ResampleFilter::kBilinear, ResampleArithmetic::kPillowUint8)),
      restrav_preset(side)};
}

VitConfig base() {
  VitConfig config;
  config.has_class_token = false;
  config.has_layer_scale = false;
  config.pooling = VitPooling::kMean;
  config.position = PositionInterpolation::kSize;
  return config;
}

std::vector<VitSize> sizes() {
  std::vector<VitSize> list;
  const auto add = [&](const char* name, int64_t width, int64_t depth, int64_t patch,
                       int64_t hidden, int64_t table_side) {
    VitConfig config = base();
    config.width = width;
    config.depth = depth;
    config.heads = 16;  // 80 or 88 numbers a head, not 64
    config.patch = patch;
    config.hidden = hidden;
    config.table_side = table_side;
    list.push_back({name, config});
  };
  add("vith14", 1280, 32, 14, 5120, 16);
  add("vith16_448", 1280, 32, 16, 5120, 28);
  add("vitg16", 1408, 40, 16, 6144, 14);
  return list;
}

}  // namespace

VitFamily ijepa_family() {
  VitFamily family;
  family.name = "ijepa";
  family.title = "I-JEPA";
  family.description = "I-JEPA vision transformers H and g, no class token (Assran et al. 2023)";
  family.is_verified = true;
  family.base = base();
  family.sizes = sizes();
  family.namings = {&original_naming(), &hugging_face_vit_naming()};
  family.model_types = {"ijepa"};
  // The paper evaluates target_encoder; the published conversions hold encoder.
  family.checkpoint_keys = {"encoder", "target_encoder"};
  family.position_rule = position_rule;
  family.presets = presets;
  return family;
}

}  // namespace physprobe
