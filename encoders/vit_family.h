#pragma once
// A family of vision transformers: what its files do not say of themselves, its published sizes and
// preprocessings. A new family is one such description and a line in vit_families(). Internal.

#include "physprobe/core/preprocess_spec.h"
#include "physprobe/encoders/vit_config.h"
#include "physprobe/encoders/vit_decoder.h"
#include "physprobe/encoders/vit_naming.h"
#include "physprobe/encoders/vit_parameters.h"

#include <optional>
#include <string>
#include <vector>

namespace physprobe {

struct ModelNames;

struct VitSize {
  std::string name;  ///< "vits14"
  VitConfig config;
  std::optional<VitDecoderConfig> decoder = std::nullopt;  ///< The predictor published with it.
};

struct VitFamily {
  std::string name;          ///< "dinov2"
  std::string title;         ///< "DINOv2": how messages call it.
  std::string description;   ///< One line for `physprobe list`.
  bool is_verified = false;  ///< Outputs of the reference's code are among the tests.
  VitConfig base;            ///< What shapes do not show: norm epsilon, activation, pooling, ….
  bool has_optional_layer_scale = false;  ///< Layer scale is used where the file has it.
  /// Rows and columns of pixels that fill no patch are left unseen, as the original code does;
  /// otherwise such sizes are refused.
  bool drops_partial_patches = false;
  std::vector<VitSize> sizes;  ///< Published ones.
  std::vector<const VitNaming*> namings;
  std::vector<std::string> model_types;  ///< Of a config.json.
  /// Sub-dictionaries of a training checkpoint that hold this model, the default first.
  std::vector<std::string> checkpoint_keys;
  VitInitialisation initialisation = VitInitialisation::kPlain;
  /// Where names show the kind of positions; nullptr: it is base.positions.
  VitPositions (*positions_of)(const ModelNames& model) = nullptr;
  /// Namings of predictors; empty: the family has none.
  std::vector<const VitNaming*> decoder_namings;
  VitDecoderConfig decoder_base;  ///< What shapes do not show of a predictor.
  /// What a predictor is held against: tokens of the target encoder, or pixels.
  bool predicts_pixels = false;
  /// Families whose files look alike, so that only the user can tell.
  std::vector<std::string> lookalikes;
  /// The rule of "auto" (the original code), "hf" or "timm".
  PositionInterpolation (*position_rule)(const std::string& code,
                                         const VitConfig& config) = nullptr;
  /// Preprocessings by name, the default first; sizes follow the model's.
  std::vector<PreprocessSpec> (*presets)(const VitConfig& config) = nullptr;
};

/// All of them, in the order in which they are listed.
const std::vector<VitFamily>& vit_families();
/// Throws Error(kInternal) for an unknown name.
const VitFamily& vit_family(const std::string& name);

VitFamily dinov2_family();
VitFamily dinov3_family();
VitFamily ijepa_family();
VitFamily supervised_vit_family();
VitFamily mae_family();
VitFamily msn_family();
VitFamily clip_family();
VitFamily siglip_family();
VitFamily vjepa_family();
VitFamily vjepa2_family();
VitFamily vjepa2_1_family();
VitFamily videomae_family();

/// The configuration of a published size. Throws Error(kUsage) for another name.
VitConfig vit_size(const VitFamily& family, const std::string& size);
/// The published size with this architecture (whatever the position rule), "" if there is none.
std::string vit_size_name(const VitFamily& family, const VitConfig& config);
std::vector<std::string> vit_size_names(const VitFamily& family);

/// The rule that the option pos_interp names for this model: auto, original, hf, timm or the name
/// of a rule.
PositionInterpolation vit_position_rule(const VitFamily& family,
                                        const std::string& option,
                                        const VitConfig& config);

/// A preset by name, "" meaning the default. Throws Error(kUsage) for another name.
PreprocessSpec vit_preset(const VitFamily& family,
                          const std::string& name,
                          const VitConfig& config);

/// Parts of presets: ImageNet's statistics; a short side resized, then cropped; squashed to a
/// square.
PreprocessSpec with_imagenet_statistics(PreprocessSpec spec);
PreprocessSpec with_half_statistics(PreprocessSpec spec);  ///< Mean and deviation 0.5.
PreprocessSpec short_side_and_crop(
    const std::string& name, int64_t side, int64_t crop, ResampleFilter filter, CropOffset offset);
PreprocessSpec squashed(const std::string& name,
                        int64_t side,
                        ResampleFilter filter,
                        ResampleArithmetic arithmetic);
/// ReStraV's: 224 x 224 by float antialiased bicubic on 0..1, not normalised.
PreprocessSpec restrav_preset(int64_t side);
/// The pixels a side of the model's own table stands for.
int64_t native_side(const VitConfig& config);

}  // namespace physprobe
