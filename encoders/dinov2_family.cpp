// DINOv2 (Oquab et al. 2023), with registers Darcet et al. 2023.

#include "physprobe/encoders/vit_family.h"

namespace physprobe {
namespace {

constexpr int64_t kHeadWidth = 64;
constexpr int64_t kRegisters = 4;

PositionInterpolation position_rule(const std::string& code, const VitConfig& config) {
  if (code == "timm") return PositionInterpolation::kSizeAntialias;
  if (config.registers > 0) return PositionInterpolation::kSizeAntialias;
  return code == "hf" ? PositionInterpolation::kSize : PositionInterpolation::kOffset;
}

std::vector<PreprocessSpec> presets(const VitConfig& config) {
  const auto evaluation = [](const char* name, CropOffset offset) {
    return with_imagenet_statistics(
        short_side_and_crop(name, 256, 224, ResampleFilter::kBicubic, offset));
  };
  return {evaluation("dinov2", CropOffset::kTorchvision), restrav_preset(224),
          evaluation("hf", CropOffset::kFloor), evaluation("original", CropOffset::kTorchvision),
          with_imagenet_statistics(
              short_side_and_crop("timm", native_side(config), native_side(config),
                                  ResampleFilter::kBicubic, CropOffset::kTorchvision))};
}

std::vector<VitSize> sizes() {
  std::vector<VitSize> list;
  for (const bool has_registers : {false, true}) {
    const auto add = [&](const char* name, int64_t width, int64_t depth, VitFeedForward kind) {
      VitConfig config;
      config.width = width;
      config.depth = depth;
      config.heads = width / kHeadWidth;
      config.feed_forward = kind;
      config.hidden = config.is_gated() ? swiglu_hidden(width) : 4 * width;
      config.registers = has_registers ? kRegisters : 0;
      config.position = position_rule("auto", config);
      list.push_back({name + std::string(has_registers ? "_reg" : ""), config});
    };
    add("vits14", 384, 12, VitFeedForward::kGelu);
    add("vitb14", 768, 12, VitFeedForward::kGelu);
    add("vitl14", 1024, 24, VitFeedForward::kGelu);
    add("vitg14", 1536, 40, VitFeedForward::kSwigluFused);
  }
  return list;
}

}  // namespace

VitFamily dinov2_family() {
  VitFamily family;
  family.name = "dinov2";
  family.title = "DINOv2";
  family.description =
      "DINOv2 vision transformers S to g, with and without registers (Oquab et al. 2023)";
  family.is_verified = true;
  family.sizes = sizes();
  family.namings = {&original_naming(), &hugging_face_naming(), &timm_dinov2_naming()};
  family.model_types = {"dinov2", "dinov2_with_registers"};
  family.checkpoint_keys = {"teacher", "state_dict", "model"};
  family.position_rule = position_rule;
  family.presets = presets;
  return family;
}

}  // namespace physprobe
