#include "physprobe/encoders/vit_info.h"

#include "physprobe/encoders/encoder_config.h"

#include <fmt/format.h>

#include <algorithm>

namespace physprobe {
namespace {

std::string anonymous_size(const VitConfig& config) {
  return fmt::format("D{}-L{}-h{}-P{}-R{}", config.width, config.depth, config.heads, config.patch,
                     config.registers);
}

std::string places_text(const VitConfig& config) {
  if (config.positions == VitPositions::kTable) return position_name(config.position);
  return config.positions == VitPositions::kRotary ? "rotation" : positions_name(config.positions);
}

}  // namespace

VitOrigin drawn_origin(uint64_t seed) {
  const std::string number = std::to_string(seed);
  return {"", "random-" + number, "-random" + number, "weights drawn from seed " + number, ""};
}

EncoderInfo describe_vit(const VitFamily& family,
                         const VitConfig& config,
                         const PreprocessSpec& preprocess,
                         const VitOrigin& origin) {
  EncoderInfo info;
  const std::string size = vit_size_name(family, config);
  info.id = family.name + "-" + (size.empty() ? anonymous_size(config) : size);
  if (!origin.holder.empty()) info.id += "-" + origin.holder.substr(0, origin.holder.find('.'));
  std::replace(info.id.begin() + static_cast<std::ptrdiff_t>(family.name.size()), info.id.end(),
               '_', '-');
  if (config.position != vit_position_rule(family, "auto", config)) {
    info.id += std::string("-") + position_name(config.position);
  }
  if (config.precision == VitPrecision::kBfloat16) info.id += "-bfloat16";
  info.id += origin.id_suffix;
  info.id += preprocess_suffix(vit_preset(family, "", config), preprocess);
  info.family = family.name;
  info.description = fmt::format(
      "{} {} transformer, {} blocks of width {}, patches of {} pixels, {} registers, positions by "
      "{}",
      family.title, config.tubelet > 1 ? "video" : "vision", config.depth, config.width,
      config.patch, config.registers, places_text(config));
  info.detection = origin.detection;
  info.weights_path = origin.path;
  info.weights_digest = origin.digest;
  info.canonical = family.name + "/1 " + config.canonical();
  if (!origin.holder.empty()) info.canonical += " from " + origin.holder;
  info.retrieval_tap =
      config.pooling == VitPooling::kClassToken && config.projection == 0 ? "norm" : "pooled";
  info.preprocess = preprocess;
  info.frames_per_step = config.tubelet;
  info.has_weights = true;
  info.is_verified = family.is_verified;
  return info;
}

}  // namespace physprobe
