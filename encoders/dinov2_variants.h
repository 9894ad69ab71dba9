#pragma once
// The published DINOv2 models by name, and the preprocessings they are used with. Internal.

#include "physprobe/core/preprocess_spec.h"
#include "physprobe/encoders/vit_config.h"

#include <string>
#include <vector>

namespace physprobe {

/// "vits14", "vitb14", "vitl14", "vitg14", then the same with "_reg".
const std::vector<std::string>& dinov2_sizes();

/// The configuration of a published size. Throws Error(kUsage) for another name.
VitConfig dinov2_config(const std::string& size);

/// The published size with this architecture (whatever the position rule), "" if there is none.
std::string dinov2_size_name(const VitConfig& config);

/// The position rule of the original code: with registers kSizeAntialias, else kOffset.
PositionInterpolation dinov2_position_rule(const VitConfig& config);

/// "dinov2", "restrav", "hf".
const std::vector<std::string>& dinov2_presets();

/// - "dinov2": short side 256 (Pillow's bicubic on uint8), centre crop 224, ImageNet mean and
/// deviation: the official evaluation;
/// - "hf": the same with the Hugging Face processors' crop offset;
/// - "restrav": squashed to 224 x 224 by float antialiased bicubic on 0..1, no normalisation
/// (ReStraV). Throws Error(kUsage) for another name.
PreprocessSpec dinov2_preset(const std::string& name);

}  // namespace physprobe
