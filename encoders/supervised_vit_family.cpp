// Plain vision transformers with a class token: supervised (Dosovitskiy et al. 2020, DeiT), MAE (He
// et al. 2021), MSN (Assran et al. 2022), and pixels as tokens (Nguyen et al. 2024). Their files
// look alike, so that the default preprocessing is told apart by the family's name.

#include "physprobe/encoders/vit_family.h"

namespace physprobe {
namespace {

PositionInterpolation timm_rule(const std::string& code, const VitConfig&) {
  return code == "hf" ? PositionInterpolation::kSize : PositionInterpolation::kSizeAntialias;
}

PositionInterpolation size_rule(const std::string& code, const VitConfig&) {
  return code == "timm" ? PositionInterpolation::kSizeAntialias : PositionInterpolation::kSize;
}

PositionInterpolation scale_rule(const std::string& code, const VitConfig& config) {
  return code == "auto" ? PositionInterpolation::kScale : size_rule(code, config);
}

VitConfig base(PositionInterpolation position) {
  VitConfig config;
  config.has_layer_scale = false;
  config.position = position;
  return config;
}

PreprocessSpec imagenet(const char* name, int64_t side, ResampleFilter filter) {
  return with_imagenet_statistics(
      short_side_and_crop(name, side * 256 / 224, side, filter, CropOffset::kTorchvision));
}

PreprocessSpec hugging_face(int64_t side) {
  return with_half_statistics(
      squashed("hf", side, ResampleFilter::kBilinear, ResampleArithmetic::kPillowUint8));
}

PreprocessSpec augreg(const char* name, int64_t side) {
  // crop_pct 0.9: the short side is floor(side / 0.9)
  return with_half_statistics(short_side_and_crop(
      name, side * 10 / 9, side, ResampleFilter::kBicubic, CropOffset::kTorchvision));
}

std::vector<PreprocessSpec> supervised_presets(const VitConfig& config) {
  const int64_t side = native_side(config);
  return {augreg("augreg", side), augreg("timm", side), hugging_face(side),
          imagenet("deit", side, ResampleFilter::kBicubic), restrav_preset(side)};
}

std::vector<PreprocessSpec> mae_presets(const VitConfig& config) {
  const int64_t side = native_side(config);
  return {imagenet("original", side, ResampleFilter::kBicubic),
          imagenet("timm", side, ResampleFilter::kBicubic),
          with_imagenet_statistics(
              squashed("hf", side, ResampleFilter::kBicubic, ResampleArithmetic::kPillowUint8)),
          restrav_preset(side)};
}

std::vector<PreprocessSpec> msn_presets(const VitConfig& config) {
  const int64_t side = native_side(config);
  return {imagenet("original", side, ResampleFilter::kBilinear),
          with_imagenet_statistics(
              squashed("hf", side, ResampleFilter::kBilinear, ResampleArithmetic::kPillowUint8)),
          restrav_preset(side)};
}

class SizeList {
 public:
  explicit SizeList(const VitConfig& base) : base_(base) {}

  void add(const char* name,
           int64_t width,
           int64_t depth,
           int64_t heads,
           int64_t patch,
           int64_t table_side) {
    VitConfig config = base_;
    config.width = width;
    config.depth = depth;
    config.heads = heads;
    config.patch = patch;
    config.hidden = 4 * width;
    config.table_side = table_side;
    list.push_back({name, config});
  }

  std::vector<VitSize> list;

 private:
  VitConfig base_;
};

VitFamily plain_family(const char* name, const char* title, const VitConfig& config) {
  VitFamily family;
  family.name = name;
  family.title = title;
  family.is_verified = true;
  family.base = config;
  family.namings = {&original_naming(), &hugging_face_vit_naming()};
  for (const char* other : {"vit", "mae", "msn"}) {
    if (family.name != other) family.lookalikes.emplace_back(other);
  }
  return family;
}

}  // namespace

VitFamily supervised_vit_family() {
  const VitConfig config = base(PositionInterpolation::kSizeAntialias);
  VitFamily family = plain_family("vit", "a plain vision transformer", config);
  family.description =
      "Plain vision transformers as in timm and DeiT (Dosovitskiy et al. 2020), pixels as tokens";
  SizeList sizes(config);
  sizes.add("tiny_patch16_224", 192, 12, 3, 16, 14);
  sizes.add("small_patch16_224", 384, 12, 6, 16, 14);
  sizes.add("base_patch16_224", 768, 12, 12, 16, 14);
  sizes.add("large_patch16_224", 1024, 24, 16, 16, 14);
  sizes.add("tiny_pixels_28", 192, 12, 3, 1, 28);
  sizes.add("small_pixels_112", 384, 12, 6, 1, 112);
  sizes.add("tiny_distilled_patch16_224", 192, 12, 3, 16, 14);
  sizes.add("small_distilled_patch16_224", 384, 12, 6, 16, 14);
  sizes.add("base_distilled_patch16_224", 768, 12, 12, 16, 14);
  for (VitSize& size : sizes.list) {
    size.config.has_distillation_token = size.name.find("distilled") != std::string::npos;
  }
  family.sizes = sizes.list;
  family.has_optional_layer_scale = true;
  family.model_types = {"vit", "deit"};
  family.checkpoint_keys = {"model", "state_dict"};
  family.lookalikes.emplace_back("dinov2");  // DeiT III has layer scale too
  family.position_rule = timm_rule;
  family.presets = supervised_presets;
  return family;
}

VitFamily mae_family() {
  const VitConfig config = base(PositionInterpolation::kSize);
  VitFamily family = plain_family("mae", "MAE", config);
  family.description = "Masked autoencoders' encoders B to H (He et al. 2021)";
  SizeList sizes(config);
  sizes.add("vitb16", 768, 12, 12, 16, 14);
  sizes.add("vitl16", 1024, 24, 16, 16, 14);
  sizes.add("vith14", 1280, 32, 16, 14, 16);
  family.sizes = sizes.list;
  family.model_types = {"vit_mae"};
  family.checkpoint_keys = {"model", "state_dict"};
  family.position_rule = size_rule;
  family.presets = mae_presets;
  return family;
}

VitFamily msn_family() {
  const VitConfig config = base(PositionInterpolation::kScale);
  VitFamily family = plain_family("msn", "MSN", config);
  family.description = "Masked siamese networks S to L (Assran et al. 2022)";
  SizeList sizes(config);
  sizes.add("vits16", 384, 12, 6, 16, 14);
  sizes.add("vitb16", 768, 12, 12, 16, 14);
  sizes.add("vitl16", 1024, 24, 16, 16, 14);
  sizes.add("vitb4", 768, 12, 12, 4, 56);
  sizes.add("vitl7", 1024, 24, 16, 7, 32);
  family.sizes = sizes.list;
  family.model_types = {"vit_msn"};
  family.checkpoint_keys = {"target_encoder", "encoder"};  // the published evaluation's
  family.position_rule = scale_rule;
  family.presets = msn_presets;
  return family;
}

}  // namespace physprobe
