// VideoMAE (Tong et al. 2022) and VideoMAE V2 (Wang et al. 2023): masked autoencoders of pixels.

#include "physprobe/encoders/vit_family.h"

namespace physprobe {
namespace {

constexpr int64_t kSide = 224;

PositionInterpolation position_rule(const std::string&, const VitConfig&) {
  return PositionInterpolation::kTrilinear;  // without a stored table there is nothing to resize
}

PreprocessSpec center(int64_t side) {
  PreprocessSpec spec;
  spec.name = "center";
  spec.resize = ResizeRule::kCenterSquare;
  spec.height = side;
  spec.width = side;
  spec.filter = ResampleFilter::kBilinear;
  spec.arithmetic = ResampleArithmetic::kFloatPlain;
  spec.crop_offset = CropOffset::kFloor;
  return with_imagenet_statistics(spec);
}

/// Those of the studies that use it as a baseline, whatever the patch: 224 pixels.
std::vector<PreprocessSpec> presets(const VitConfig& config) {
  const int64_t side = config.table_side * config.patch;
  PreprocessSpec inflevel = center(side);
  inflevel.name = "inflevel";
  inflevel.resize = ResizeRule::kBoundedSquash;
  return {center(side), inflevel};
}

VitConfig base() {
  VitConfig config;
  config.patch = 16;
  config.tubelet = 2;
  config.has_class_token = false;
  config.has_layer_scale = false;
  config.pooling = VitPooling::kMean;
  config.positions = VitPositions::kSinusoid;
  config.position = PositionInterpolation::kTrilinear;
  config.table_side = kSide / config.patch;
  return config;
}

VitDecoderConfig decoder(const VitConfig& encoder, int64_t width, int64_t depth, int64_t heads) {
  VitDecoderConfig config;
  config.blocks = encoder;
  config.blocks.width = width;
  config.blocks.depth = depth;
  config.blocks.heads = heads;
  config.blocks.hidden = 4 * width;
  config.inputs = encoder.width;
  config.outputs = encoder.channels * encoder.tubelet * encoder.patch * encoder.patch;
  config.has_input_bias = false;
  return config;
}

std::vector<VitSize> sizes() {
  std::vector<VitSize> list;
  const auto add = [&](const char* name, int64_t width, int64_t depth, int64_t heads,
                       int64_t hidden, int64_t patch, int64_t decoder_width, int64_t decoder_depth,
                       int64_t decoder_heads) {
    VitConfig config = base();
    config.width = width;
    config.depth = depth;
    config.heads = heads;
    config.hidden = hidden;
    config.patch = patch;
    config.table_side = kSide / patch;
    list.push_back({name, config, decoder(config, decoder_width, decoder_depth, decoder_heads)});
  };
  add("vits16", 384, 12, 6, 1536, 16, 192, 4, 3);
  add("vitb16", 768, 12, 12, 3072, 16, 384, 4, 6);
  add("vitl16", 1024, 24, 16, 4096, 16, 512, 12, 8);
  add("vith16", 1280, 32, 16, 5120, 16, 640, 12, 8);
  add("vitg14", 1408, 40, 16, 6144, 14, 512, 4, 8);
  return list;
}

}  // namespace

VitFamily videomae_family() {
  VitFamily family;
  family.name = "videomae";
  family.title = "VideoMAE";
  family.description =
      "VideoMAE and VideoMAE V2 video transformers with their pixel decoder (Tong et al. 2022)";
  family.is_verified = true;
  family.base = base();
  family.sizes = sizes();
  family.namings = {&videomae_naming(), &hugging_face_videomae_naming()};
  family.model_types = {"videomae"};
  family.checkpoint_keys = {"model", "module", "encoder"};
  family.position_rule = position_rule;
  family.presets = presets;
  family.decoder_namings = {&videomae_decoder_naming(), &hugging_face_videomae_decoder_naming()};
  family.decoder_base.has_input_bias = false;
  family.predicts_pixels = true;
  return family;
}

}  // namespace physprobe
