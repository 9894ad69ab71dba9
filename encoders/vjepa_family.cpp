// V-JEPA 1 (Bardes et al. 2024; with rotary positions: Garrido et al. 2025), V-JEPA 2 (Assran et
// al. 2025) and 2.1.

#include "physprobe/encoders/vit_detection.h"
#include "physprobe/encoders/vit_family.h"

namespace physprobe {
namespace {

constexpr int64_t kTubelet = 2;
constexpr int64_t kPredictorWidth = 384;
constexpr int64_t kGiantHidden = 6144;  // 1408 * 48 / 11, rounded down

PositionInterpolation table_rule(const std::string&, const VitConfig&) {
  return PositionInterpolation::kTrilinear;
}

/// Buffers of rotary frequencies and SwiGLU are the rotary variant's; a table without them is used.
VitPositions vjepa_positions(const ModelNames& model) {
  if (model.names.count("pos_embed") == 0 ||
      model.names.count("blocks.0.attn.d_rotary_emb.freqs") != 0 ||
      model.names.count("blocks.0.mlp.fc3.weight") != 0) {
    return VitPositions::kRotaryVideo;
  }
  return VitPositions::kTable;
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

PreprocessSpec inflevel(int64_t side) {
  PreprocessSpec spec = center(side);
  spec.name = "inflevel";
  spec.resize = ResizeRule::kBoundedSquash;
  return spec;
}

/// The evaluation of V-JEPA 2: frames are arrays, which OpenCV resizes.
PreprocessSpec evaluation(int64_t side) {
  PreprocessSpec spec = short_side_and_crop("eval", side * 256 / 224, side,
                                            ResampleFilter::kBilinear, CropOffset::kTorchvision);
  spec.arithmetic = ResampleArithmetic::kOpenCvUint8;
  return with_imagenet_statistics(spec);
}

/// The processor of the conversions: the same sizes, antialiased.
PreprocessSpec hugging_face(int64_t side) {
  return with_imagenet_statistics(short_side_and_crop(
      "hf", side * 256 / 224, side, ResampleFilter::kBilinear, CropOffset::kTorchvision));
}

int64_t side_of(const VitConfig& config) {
  return config.table_side * config.patch;
}

std::vector<PreprocessSpec> vjepa_presets(const VitConfig& config) {
  const int64_t side = side_of(config);
  return {center(side), inflevel(side), evaluation(side), hugging_face(side)};
}

std::vector<PreprocessSpec> vjepa2_presets(const VitConfig& config) {
  const int64_t side = side_of(config);
  return {evaluation(side), hugging_face(side), center(side), inflevel(side)};
}

VitConfig base(VitPositions positions, int64_t side) {
  VitConfig config;
  config.patch = 16;
  config.tubelet = kTubelet;
  config.has_class_token = false;
  config.has_layer_scale = false;
  config.pooling = VitPooling::kMean;
  config.positions = positions;
  config.position = PositionInterpolation::kTrilinear;
  config.table_side = side / config.patch;
  return config;
}

VitDecoderConfig predictor(const VitConfig& encoder, int64_t heads, int64_t mask_tokens) {
  VitDecoderConfig config;
  config.blocks = encoder;
  config.blocks.width = kPredictorWidth;
  config.blocks.depth = 12;
  config.blocks.heads = heads;
  config.blocks.hidden = 4 * kPredictorWidth;
  config.blocks.level_norms = 1;
  config.inputs = encoder.level_norms * encoder.width;
  config.outputs = config.inputs;
  config.mask_tokens = mask_tokens;
  return config;
}

struct Shape {
  int64_t width;
  int64_t depth;
  int64_t heads;
  int64_t hidden;
};
constexpr Shape kBase = {768, 12, 12, 3072};
constexpr Shape kLarge = {1024, 24, 16, 4096};
constexpr Shape kHuge = {1280, 32, 16, 5120};
constexpr Shape kGiant = {1408, 40, 22, kGiantHidden};
constexpr Shape kGigantic = {1664, 48, 26, 8192};

VitConfig shaped(VitConfig config, const Shape& shape) {
  config.width = shape.width;
  config.depth = shape.depth;
  config.heads = shape.heads;
  config.hidden = shape.hidden;
  return config;
}

std::vector<VitSize> vjepa_sizes() {
  constexpr int64_t kMaskTokens = 2;
  std::vector<VitSize> list;
  const auto add_table = [&](const char* name, const Shape& shape, int64_t side) {
    VitConfig config = shaped(base(VitPositions::kTable, side), shape);
    config.table_steps = 8;  // 16 frames
    list.push_back({name, config, predictor(config, shape.heads, kMaskTokens)});
  };
  const auto add_rotary = [&](const char* name, const Shape& shape) {
    VitConfig config = shaped(base(VitPositions::kRotaryVideo, 224), shape);
    config.feed_forward = VitFeedForward::kSwigluFused;
    VitDecoderConfig decoder = predictor(config, shape.heads, kMaskTokens);
    list.push_back({name, config, decoder});
  };
  add_table("vitl16", kLarge, 224);
  add_table("vith16", kHuge, 224);
  add_table("vith16_384", kHuge, 384);
  add_rotary("vitb16_rope", kBase);
  add_rotary("vitl16_rope", kLarge);
  add_rotary("vith16_rope", kHuge);
  return list;
}

std::vector<VitSize> vjepa2_sizes() {
  constexpr int64_t kHeads = 12;
  constexpr int64_t kMaskTokens = 10;
  std::vector<VitSize> list;
  const auto add = [&](const char* name, const Shape& shape, int64_t side) {
    const VitConfig config = shaped(base(VitPositions::kRotaryVideoTiled, side), shape);
    list.push_back({name, config, predictor(config, kHeads, kMaskTokens)});
  };
  add("vitl", kLarge, 256);
  add("vith", kHuge, 256);
  add("vitg", kGiant, 256);
  add("vitg_384", kGiant, 384);
  return list;
}

VitConfig base_2_1() {
  VitConfig config = base(VitPositions::kRotaryVideoInterleaved, 384);
  config.rotary_side = 16;  // trained at 256 pixels first
  config.has_modality_embedding = true;
  config.level_norms = 4;
  return config;
}

std::vector<VitSize> vjepa2_1_sizes() {
  std::vector<VitSize> list;
  const auto add = [&](const char* name, const Shape& shape) {
    list.push_back({name, shaped(base_2_1(), shape), std::nullopt});
  };
  add("vitb_384", kBase);
  add("vitl_384", kLarge);
  add("vitg_384", kGiant);
  add("vitgigantic_384", kGigantic);
  return list;
}

}  // namespace

VitFamily vjepa_family() {
  VitFamily family;
  family.name = "vjepa";
  family.title = "V-JEPA";
  family.description =
      "V-JEPA video transformers L and H, and with rotary positions (Bardes et al. 2024)";
  family.is_verified = true;
  family.base = base(VitPositions::kTable, 224);
  family.sizes = vjepa_sizes();
  family.namings = {&vjepa_naming()};
  family.checkpoint_keys = {"target_encoder", "encoder"};
  family.position_rule = table_rule;
  family.presets = vjepa_presets;
  family.initialisation = VitInitialisation::kByDepth;
  family.positions_of = vjepa_positions;
  family.decoder_namings = {&vjepa_predictor_naming()};
  family.lookalikes = {"vjepa2"};
  return family;
}

VitFamily vjepa2_family() {
  VitFamily family;
  family.name = "vjepa2";
  family.title = "V-JEPA 2";
  family.description = "V-JEPA 2 video transformers L, H and g (Assran et al. 2025)";
  family.is_verified = true;
  family.base = base(VitPositions::kRotaryVideoTiled, 256);
  family.sizes = vjepa2_sizes();
  family.namings = {&vjepa_naming(), &hugging_face_vjepa2_naming()};
  family.model_types = {"vjepa2"};
  family.checkpoint_keys = {"target_encoder", "encoder"};
  family.position_rule = table_rule;
  family.presets = vjepa2_presets;
  family.initialisation = VitInitialisation::kByDepth;
  family.decoder_namings = {&vjepa_predictor_naming(), &hugging_face_vjepa2_predictor_naming()};
  family.lookalikes = {"vjepa"};
  return family;
}

VitFamily vjepa2_1_family() {
  VitFamily family;
  family.name = "vjepa2_1";
  family.title = "V-JEPA 2.1";
  family.description = "V-JEPA 2.1 video transformers B to G; read only, never compared";
  family.is_verified = false;
  family.base = base_2_1();
  family.sizes = vjepa2_1_sizes();
  family.namings = {&vjepa2_1_naming()};
  family.checkpoint_keys = {"target_encoder", "ema_encoder", "encoder"};
  family.position_rule = table_rule;
  family.presets = vjepa2_presets;
  family.initialisation = VitInitialisation::kByDepth;
  return family;
}

}  // namespace physprobe
