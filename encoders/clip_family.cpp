// Image towers trained with text: CLIP (Radford et al. 2021) and SigLIP (Zhai et al. 2023).

#include "physprobe/encoders/vit_family.h"

namespace physprobe {
namespace {

PositionInterpolation clip_rule(const std::string& code, const VitConfig&) {
  if (code == "timm") return PositionInterpolation::kSizeAntialias;
  return code == "hf" ? PositionInterpolation::kSize : PositionInterpolation::kFixed;
}

PositionInterpolation siglip_rule(const std::string& code, const VitConfig&) {
  return code == "timm" ? PositionInterpolation::kSizeAntialias : PositionInterpolation::kSize;
}

std::vector<PreprocessSpec> clip_presets(const VitConfig& config) {
  const int64_t side = native_side(config);
  const auto crop = [side](const char* name, CropOffset offset) {
    PreprocessSpec spec = short_side_and_crop(name, side, side, ResampleFilter::kBicubic, offset);
    spec.mean = {0.48145466, 0.4578275, 0.40821073};
    spec.stddev = {0.26862954, 0.26130258, 0.27577711};
    return spec;
  };
  return {crop("original", CropOffset::kTorchvision), crop("hf", CropOffset::kFloor),
          restrav_preset(side)};
}

std::vector<PreprocessSpec> siglip_presets(const VitConfig& config) {
  // 27 patches of 14 pixels see 378 of the 384 pixels that so400m-patch14-384 is given.
  const bool is_384 = config.patch == 14 && config.table_side == 27;
  const int64_t side = is_384 ? 384 : native_side(config);
  return {with_half_statistics(
              squashed("hf", side, ResampleFilter::kBicubic, ResampleArithmetic::kPillowUint8)),
          restrav_preset(side)};
}

VitConfig clip_base() {
  VitConfig config;
  config.has_layer_scale = false;
  config.feed_forward = VitFeedForward::kQuickGelu;
  config.norm_epsilon = 1e-5;
  config.has_patch_bias = false;
  config.has_entry_norm = true;
  config.position = PositionInterpolation::kFixed;
  return config;
}

VitConfig siglip_base() {
  VitConfig config;
  config.has_layer_scale = false;
  config.has_class_token = false;
  config.feed_forward = VitFeedForward::kGeluTanh;
  config.pooling = VitPooling::kAttentionHead;
  config.position = PositionInterpolation::kSize;
  return config;
}

struct Shape {
  const char* name;
  int64_t width;
  int64_t depth;
  int64_t heads;
  int64_t patch;
  int64_t hidden;
  int64_t table_side;
  int64_t projection;
};

std::vector<VitSize> sizes(const VitConfig& base, const std::vector<Shape>& shapes) {
  std::vector<VitSize> list;
  for (const Shape& shape : shapes) {
    VitConfig config = base;
    config.width = shape.width;
    config.depth = shape.depth;
    config.heads = shape.heads;
    config.patch = shape.patch;
    config.hidden = shape.hidden;
    config.table_side = shape.table_side;
    config.projection = shape.projection;
    list.push_back({shape.name, config});
  }
  return list;
}

}  // namespace

VitFamily clip_family() {
  VitFamily family;
  family.name = "clip";
  family.title = "CLIP's image tower";
  family.description = "CLIP's image towers B/32 to L/14@336 (Radford et al. 2021)";
  family.is_verified = true;
  family.base = clip_base();
  family.sizes = sizes(family.base, {{"vitb32", 768, 12, 12, 32, 3072, 7, 512},
                                     {"vitb16", 768, 12, 12, 16, 3072, 14, 512},
                                     {"vitl14", 1024, 24, 16, 14, 4096, 16, 768},
                                     {"vitl14_336", 1024, 24, 16, 14, 4096, 24, 768}});
  family.namings = {&clip_naming(), &hugging_face_clip_naming()};
  family.model_types = {"clip", "clip_vision_model", "xclip", "xclip_vision_model"};
  family.checkpoint_keys = {"state_dict", "model"};
  family.position_rule = clip_rule;
  family.presets = clip_presets;
  return family;
}

VitFamily siglip_family() {
  VitFamily family;
  family.name = "siglip";
  family.title = "SigLIP's image tower";
  family.description = "SigLIP's image towers B/16, L/16 and so400m/14 (Zhai et al. 2023)";
  family.base = siglip_base();
  family.drops_partial_patches = true;
  family.sizes = sizes(family.base, {{"vitb16", 768, 12, 12, 16, 3072, 14, 0},
                                     {"vitb16_256", 768, 12, 12, 16, 3072, 16, 0},
                                     {"vitb16_384", 768, 12, 12, 16, 3072, 24, 0},
                                     {"vitb16_512", 768, 12, 12, 16, 3072, 32, 0},
                                     {"vitl16_256", 1024, 24, 16, 16, 4096, 16, 0},
                                     {"vitl16_384", 1024, 24, 16, 16, 4096, 24, 0},
                                     {"so400m14", 1152, 27, 16, 14, 4304, 16, 0},
                                     {"so400m14_384", 1152, 27, 16, 14, 4304, 27, 0}});
  family.namings = {&hugging_face_clip_naming()};
  family.model_types = {"siglip", "siglip_vision_model"};
  family.checkpoint_keys = {"state_dict", "model"};
  family.position_rule = siglip_rule;
  family.presets = siglip_presets;
  return family;
}

}  // namespace physprobe
