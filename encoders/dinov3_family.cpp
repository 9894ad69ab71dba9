// DINOv3 (Simeoni et al. 2025).

#include "physprobe/encoders/vit_family.h"

namespace physprobe {
namespace {

PositionInterpolation position_rule(const std::string&, const VitConfig&) {
  return PositionInterpolation::kSize;  // without a table there is nothing to interpolate
}

std::vector<PreprocessSpec> presets(const VitConfig&) {
  const PreprocessSpec squash =
      squashed("original", 224, ResampleFilter::kBilinear, ResampleArithmetic::kFloatAntialias);
  PreprocessSpec satellite = squash;
  satellite.name = "sat493m";
  satellite.mean = {0.430, 0.411, 0.296};
  satellite.stddev = {0.213, 0.156, 0.143};
  PreprocessSpec hugging_face = with_imagenet_statistics(squash);
  hugging_face.name = "hf";
  return {with_imagenet_statistics(squash), hugging_face, satellite, restrav_preset(224)};
}

VitConfig base() {
  VitConfig config;
  config.positions = VitPositions::kRotary;
  config.position = PositionInterpolation::kSize;
  config.table_side = 1;  // unused; one value, so that it never tells configurations apart
  config.registers = 4;
  config.patch = 16;
  config.norm_epsilon = 1e-5;
  return config;
}

std::vector<VitSize> sizes() {
  std::vector<VitSize> list;
  const auto add = [&](const char* name, int64_t width, int64_t depth, int64_t heads,
                       VitFeedForward kind, int64_t hidden, bool has_qkv_bias) {
    VitConfig config = base();
    config.width = width;
    config.depth = depth;
    config.heads = heads;
    config.feed_forward = kind;
    config.hidden = hidden;
    config.has_qkv_bias = has_qkv_bias;
    list.push_back({name, config});
  };
  add("vits16", 384, 12, 6, VitFeedForward::kGelu, 1536, true);
  add("vits16plus", 384, 12, 6, VitFeedForward::kSwigluFused, 1536, true);
  add("vitb16", 768, 12, 12, VitFeedForward::kGelu, 3072, true);
  add("vitl16", 1024, 24, 16, VitFeedForward::kGelu, 4096, true);
  add("vith16plus", 1280, 32, 20, VitFeedForward::kSwigluFused, 5120, true);
  add("vit7b16", 4096, 40, 32, VitFeedForward::kSwigluFused, 8192, false);
  return list;
}

}  // namespace

VitFamily dinov3_family() {
  VitFamily family;
  family.name = "dinov3";
  family.title = "DINOv3";
  family.description = "DINOv3 vision transformers S to 7B, rotary positions (Simeoni et al. 2025)";
  family.is_verified = true;
  family.base = base();
  family.sizes = sizes();
  family.namings = {&dinov3_naming(), &hugging_face_dinov3_naming()};
  family.model_types = {"dinov3_vit"};
  family.checkpoint_keys = {"teacher", "state_dict", "model"};
  family.position_rule = position_rule;
  family.presets = presets;
  return family;
}

}  // namespace physprobe
