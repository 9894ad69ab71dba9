#include "physprobe/encoders/vit_family.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"

#include <array>

namespace physprobe {

const std::vector<VitFamily>& vit_families() {
  static const std::vector<VitFamily> families = {
      dinov2_family(), dinov3_family(), ijepa_family(),    supervised_vit_family(),
      mae_family(),    msn_family(),    clip_family(),     siglip_family(),
      vjepa_family(),  vjepa2_family(), vjepa2_1_family(), videomae_family()};
  return families;
}

const VitFamily& vit_family(const std::string& name) {
  for (const VitFamily& family : vit_families()) {
    if (family.name == name) return family;
  }
  throw Error(ErrorKind::kInternal, name, "is no family of vision transformers");
}

std::vector<std::string> vit_size_names(const VitFamily& family) {
  std::vector<std::string> names;
  for (const VitSize& size : family.sizes) names.push_back(size.name);
  return names;
}

VitConfig vit_size(const VitFamily& family, const std::string& size) {
  for (const VitSize& entry : family.sizes) {
    if (entry.name == size) return entry.config;
  }
  throw Error(ErrorKind::kUsage, family.name + ".options",
              "unknown size '" + size + "'" + did_you_mean(size, vit_size_names(family)));
}

std::string vit_size_name(const VitFamily& family, const VitConfig& config) {
  for (const VitSize& size : family.sizes) {
    VitConfig published = size.config;
    published.position = config.position;
    published.precision = config.precision;
    if (published.canonical() == config.canonical()) return size.name;
  }
  return "";
}

PositionInterpolation vit_position_rule(const VitFamily& family,
                                        const std::string& option,
                                        const VitConfig& config) {
  constexpr std::array<PositionInterpolation, 5> rules = {
      PositionInterpolation::kOffset, PositionInterpolation::kSize,
      PositionInterpolation::kSizeAntialias, PositionInterpolation::kScale,
      PositionInterpolation::kFixed};
  for (const PositionInterpolation rule : rules) {
    if (option == position_name(rule)) return rule;
  }
  return family.position_rule(option == "original" ? "auto" : option, config);
}

PreprocessSpec vit_preset(const VitFamily& family,
                          const std::string& name,
                          const VitConfig& config) {
  const std::vector<PreprocessSpec> presets = family.presets(config);
  std::vector<std::string> names;
  for (const PreprocessSpec& preset : presets) {
    if (name.empty() || preset.name == name) return preset;
    names.push_back(preset.name);
  }
  throw Error(ErrorKind::kUsage, family.name + ".options",
              "unknown preset '" + name + "'" + did_you_mean(name, names));
}

PreprocessSpec with_imagenet_statistics(PreprocessSpec spec) {
  spec.mean = {0.485, 0.456, 0.406};
  spec.stddev = {0.229, 0.224, 0.225};
  return spec;
}

PreprocessSpec with_half_statistics(PreprocessSpec spec) {
  spec.mean = {0.5, 0.5, 0.5};
  spec.stddev = {0.5, 0.5, 0.5};
  return spec;
}

PreprocessSpec short_side_and_crop(
    const std::string& name, int64_t side, int64_t crop, ResampleFilter filter, CropOffset offset) {
  PreprocessSpec spec;
  spec.name = name;
  spec.resize = ResizeRule::kShortSide;
  spec.height = side;
  spec.crop = crop;
  spec.filter = filter;
  spec.arithmetic = ResampleArithmetic::kPillowUint8;
  spec.crop_offset = offset;
  return spec;
}

PreprocessSpec squashed(const std::string& name,
                        int64_t side,
                        ResampleFilter filter,
                        ResampleArithmetic arithmetic) {
  PreprocessSpec spec;
  spec.name = name;
  spec.resize = ResizeRule::kSquash;
  spec.height = side;
  spec.width = side;
  spec.filter = filter;
  spec.arithmetic = arithmetic;
  return spec;
}

PreprocessSpec restrav_preset(int64_t side) {
  return squashed("restrav", side, ResampleFilter::kBicubic, ResampleArithmetic::kFloatAntialias);
}

int64_t native_side(const VitConfig& config) {
  return config.table_side * config.patch;
}

}  // namespace physprobe
