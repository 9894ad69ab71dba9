#include "physprobe/encoders/vit_config.h"

#include "physprobe/core/error.h"

#include <fmt/format.h>

namespace physprobe {
namespace {

void require_range(
    const std::string& subject, const char* field, int64_t value, int64_t lowest, int64_t highest) {
  if (value >= lowest && value <= highest) return;
  throw Error(ErrorKind::kUsage, subject,
              fmt::format("{} is {}; expected {} to {}", field, value, lowest, highest));
}

}  // namespace

void VitConfig::validate(const std::string& subject) const {
  require_range(subject, "width", width, 1, 65536);
  require_range(subject, "depth", depth, 1, 1024);
  require_range(subject, "heads", heads, 1, width);
  require_range(subject, "patch", patch, 1, 1024);
  require_range(subject, "channels", channels, 1, 1024);
  require_range(subject, "registers", registers, 0, 1024);
  require_range(subject, "table_side", table_side, 1, 4096);
  require_range(subject, "hidden", hidden, 1, 1 << 20);
  if (width % heads != 0) {
    throw Error(
        ErrorKind::kUsage, subject,
        fmt::format("{} heads do not divide the width {}; set the option 'heads'", heads, width));
  }
  if (!(norm_epsilon > 0.0 && norm_epsilon < 1.0)) {
    throw Error(ErrorKind::kUsage, subject,
                fmt::format("norm_epsilon is {}; expected above 0 and below 1", norm_epsilon));
  }
}

std::string VitConfig::canonical() const {
  return fmt::format("D{} L{} h{} P{} C{} cls{} reg{} M{} ffn{} H{} ls{} eps{} pos-{}", width,
                     depth, heads, patch, channels, has_class_token ? 1 : 0, registers, table_side,
                     feed_forward == VitFeedForward::kGelu ? "-gelu" : "-swiglu", hidden,
                     has_layer_scale ? 1 : 0, norm_epsilon, position_name(position));
}

int64_t swiglu_hidden(int64_t width) {
  return (4 * width * 2 / 3 + 7) / 8 * 8;
}

const char* position_name(PositionInterpolation rule) {
  switch (rule) {
    case PositionInterpolation::kOffset:
      return "offset";
    case PositionInterpolation::kSize:
      return "size";
    case PositionInterpolation::kSizeAntialias:
      return "size_antialias";
  }
  throw Error(ErrorKind::kInternal, "position interpolation", "value outside the enumeration");
}

double vit_flops(const VitConfig& config, int64_t height, int64_t width) {
  const auto patches = static_cast<double>((height / config.patch) * (width / config.patch));
  const double tokens = patches + static_cast<double>(config.prefix_tokens());
  const auto d = static_cast<double>(config.width);
  const auto hidden_rows = static_cast<double>(config.hidden_rows());
  const auto hidden = static_cast<double>(config.hidden);
  const auto patch_values = static_cast<double>(config.channels * config.patch * config.patch);
  const double linear =
      tokens * d * (4.0 * d + hidden_rows + hidden);   // qkv 3D, proj D, feed-forward
  const double attention = 2.0 * tokens * tokens * d;  // q k^T and weights times v
  return 2.0 *
         (patches * patch_values * d + static_cast<double>(config.depth) * (linear + attention));
}

}  // namespace physprobe
