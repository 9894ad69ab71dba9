#include "physprobe/encoders/dinov2_variants.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"

namespace physprobe {
namespace {

struct Size {
  const char* name;
  int64_t width;
  int64_t depth;
  VitFeedForward feed_forward;
};

constexpr Size kSizes[] = {
    {"vits14", 384, 12, VitFeedForward::kGelu},
    {"vitb14", 768, 12, VitFeedForward::kGelu},
    {"vitl14", 1024, 24, VitFeedForward::kGelu},
    {"vitg14", 1536, 40, VitFeedForward::kSwigluFused},
};
constexpr int64_t kHeadWidth = 64;
constexpr int64_t kRegisters = 4;
const char* const kRegisterSuffix = "_reg";

VitConfig make_config(const Size& size, bool has_registers) {
  VitConfig config;
  config.width = size.width;
  config.depth = size.depth;
  config.heads = size.width / kHeadWidth;
  config.feed_forward = size.feed_forward;
  config.hidden = size.feed_forward == VitFeedForward::kSwigluFused ? swiglu_hidden(size.width)
                                                                    : 4 * size.width;
  config.registers = has_registers ? kRegisters : 0;
  config.position = dinov2_position_rule(config);
  return config;
}

}  // namespace

const std::vector<std::string>& dinov2_sizes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Size& size : kSizes) list.emplace_back(size.name);
    for (const Size& size : kSizes) list.push_back(std::string(size.name) + kRegisterSuffix);
    return list;
  }();
  return names;
}

VitConfig dinov2_config(const std::string& size) {
  for (const Size& entry : kSizes) {
    if (size == entry.name) return make_config(entry, false);
    if (size == std::string(entry.name) + kRegisterSuffix) return make_config(entry, true);
  }
  throw Error(ErrorKind::kUsage, "dinov2.options",
              "unknown size '" + size + "'" + did_you_mean(size, dinov2_sizes()));
}

std::string dinov2_size_name(const VitConfig& config) {
  for (const std::string& name : dinov2_sizes()) {
    VitConfig published = dinov2_config(name);
    published.position = config.position;
    if (published.canonical() == config.canonical()) return name;
  }
  return "";
}

PositionInterpolation dinov2_position_rule(const VitConfig& config) {
  return config.registers > 0 ? PositionInterpolation::kSizeAntialias
                              : PositionInterpolation::kOffset;
}

const std::vector<std::string>& dinov2_presets() {
  static const std::vector<std::string> names = {"dinov2", "restrav", "hf"};
  return names;
}

PreprocessSpec dinov2_preset(const std::string& name) {
  PreprocessSpec spec;
  spec.name = name;
  spec.filter = ResampleFilter::kBicubic;
  if (name == "restrav") {
    spec.resize = ResizeRule::kSquash;
    spec.height = 224;
    spec.width = 224;
    spec.arithmetic = ResampleArithmetic::kFloatAntialias;
    return spec;
  }
  if (name != "dinov2" && name != "hf") {
    throw Error(ErrorKind::kUsage, "dinov2.options",
                "unknown preset '" + name + "'" + did_you_mean(name, dinov2_presets()));
  }
  spec.resize = ResizeRule::kShortSide;
  spec.height = 256;
  spec.arithmetic = ResampleArithmetic::kPillowUint8;
  spec.crop = 224;
  spec.crop_offset = name == "hf" ? CropOffset::kFloor : CropOffset::kTorchvision;
  spec.mean = {0.485, 0.456, 0.406};
  spec.stddev = {0.229, 0.224, 0.225};
  return spec;
}

}  // namespace physprobe
