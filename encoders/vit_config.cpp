#include "physprobe/encoders/vit_config.h"

#include "physprobe/core/error.h"
#include "physprobe/encoders/vit_half.h"

#include <fmt/format.h>

namespace physprobe {
namespace {

void require_range(
    const std::string& subject, const char* field, int64_t value, int64_t lowest, int64_t highest) {
  if (value >= lowest && value <= highest) return;
  throw Error(ErrorKind::kUsage, subject,
              fmt::format("{} is {}; expected {} to {}", field, value, lowest, highest));
}

const char* pooling_name(VitPooling pooling) {
  switch (pooling) {
    case VitPooling::kClassToken:
      return "class";
    case VitPooling::kMean:
      return "mean";
    case VitPooling::kMeanThenNorm:
      return "mean-norm";
    case VitPooling::kAttentionHead:
      return "attention";
  }
  throw Error(ErrorKind::kInternal, "pooling", "value outside the enumeration");
}

}  // namespace

void VitConfig::validate(const std::string& subject) const {
  require_range(subject, "width", width, 1, 65536);
  require_range(subject, "depth", depth, 1, 1024);
  require_range(subject, "heads", heads, 1, width);
  require_range(subject, "patch", patch, 1, 1024);
  require_range(subject, "channels", channels, 1, 1024);
  require_range(subject, "registers", registers, 0, 1024);
  require_range(subject, "tubelet", tubelet, 1, 64);
  require_range(subject, "table_side", table_side, 1, 4096);
  require_range(subject, "table_steps", table_steps, 1, 4096);
  require_range(subject, "hidden", hidden, 1, 1 << 20);
  if (width % heads != 0) {
    throw Error(
        ErrorKind::kUsage, subject,
        fmt::format("{} heads do not divide the width {}; set the option 'heads'", heads, width));
  }
  require_range(subject, "projection", projection, 0, 65536);
  if (positions == VitPositions::kRotary && head_width() % 4 != 0) {
    throw Error(ErrorKind::kUsage, subject,
                fmt::format("heads of {} numbers cannot be rotated, which needs a multiple of 4; "
                            "set the option 'heads'",
                            head_width()));
  }
  if (is_rotary_in_video() && rotary_slice() < 2) {
    throw Error(ErrorKind::kUsage, subject,
                fmt::format("heads of {} numbers are too narrow to be rotated by time, row and "
                            "column; set the option 'heads'",
                            head_width()));
  }
  if (!has_class_token && pooling == VitPooling::kClassToken) {
    throw Error(ErrorKind::kUsage, subject, "is pooled by a class token it does not have");
  }
  if (!(norm_epsilon > 0.0 && norm_epsilon < 1.0)) {
    throw Error(ErrorKind::kUsage, subject,
                fmt::format("norm_epsilon is {}; expected above 0 and below 1", norm_epsilon));
  }
}

std::string VitConfig::canonical() const {
  std::string text = fmt::format("D{} L{} h{} P{} C{} cls{} reg{} M{} ffn-{} H{} ls{} eps{} pos-{}",
                                 width, depth, heads, patch, channels, has_class_token ? 1 : 0,
                                 registers, table_side, feed_forward_name(feed_forward), hidden,
                                 has_layer_scale ? 1 : 0, norm_epsilon, position_name(position));
  if (positions != VitPositions::kTable) text += std::string(" ") + positions_name(positions);
  if (tubelet > 1) text += fmt::format(" tubelet{}", tubelet);
  if (table_steps > 1) text += fmt::format(" Mt{}", table_steps);
  if (rotary_side > 0) text += fmt::format(" stretched{}", rotary_side);
  if (has_modality_embedding) text += " modality";
  if (level_norms > 1) text += fmt::format(" norms{}", level_norms);
  if (!is_class_positioned) text += " cls-unplaced";
  if (!has_patch_bias) text += " patch-unbiased";
  if (!has_qkv_bias) text += " qkv-unbiased";
  if (has_distillation_token) text += " distilled";
  if (has_query_key_norm) text += " qk-norm";
  if (has_entry_norm) text += " entry-norm";
  if (pooling != VitPooling::kClassToken) text += std::string(" pool-") + pooling_name(pooling);
  if (precision != VitPrecision::kFloat32) text += std::string(" ") + precision_name(precision);
  if (precision == VitPrecision::kFloat16) text += "/" + std::to_string(kHalfChunk);
  if (projection > 0) text += fmt::format(" proj{}", projection);
  return text;
}

int64_t swiglu_hidden(int64_t width) {
  return (4 * width * 2 / 3 + 7) / 8 * 8;
}

const char* precision_name(VitPrecision precision) {
  switch (precision) {
    case VitPrecision::kFloat32:
      return "float32";
    case VitPrecision::kBfloat16:
      return "bfloat16";
    case VitPrecision::kFloat16:
      return "float16";
  }
  throw Error(ErrorKind::kInternal, "precision", "value outside the enumeration");
}

const char* position_name(PositionInterpolation rule) {
  switch (rule) {
    case PositionInterpolation::kOffset:
      return "offset";
    case PositionInterpolation::kSize:
      return "size";
    case PositionInterpolation::kSizeAntialias:
      return "size_antialias";
    case PositionInterpolation::kScale:
      return "scale";
    case PositionInterpolation::kFixed:
      return "fixed";
    case PositionInterpolation::kTrilinear:
      return "trilinear";
  }
  throw Error(ErrorKind::kInternal, "position interpolation", "value outside the enumeration");
}

const char* positions_name(VitPositions positions) {
  switch (positions) {
    case VitPositions::kTable:
      return "table";
    case VitPositions::kRotary:
      return "rotary";
    case VitPositions::kSinusoid:
      return "sinusoid";
    case VitPositions::kRotaryVideo:
      return "rotary-video";
    case VitPositions::kRotaryVideoTiled:
      return "rotary-video-tiled";
    case VitPositions::kRotaryVideoInterleaved:
      return "rotary-video-interleaved";
  }
  throw Error(ErrorKind::kInternal, "positions", "value outside the enumeration");
}

const char* feed_forward_name(VitFeedForward kind) {
  switch (kind) {
    case VitFeedForward::kGelu:
      return "gelu";
    case VitFeedForward::kGeluTanh:
      return "gelu_tanh";
    case VitFeedForward::kQuickGelu:
      return "quick_gelu";
    case VitFeedForward::kSwigluFused:
      return "swiglu";
  }
  throw Error(ErrorKind::kInternal, "feed-forward", "value outside the enumeration");
}

double vit_block_flops(const VitConfig& config, int64_t tokens) {
  const auto n = static_cast<double>(tokens);
  const auto d = static_cast<double>(config.width);
  const auto hidden_rows = static_cast<double>(config.hidden_rows());
  const auto hidden = static_cast<double>(config.hidden);
  const double linear = n * d * (4.0 * d + hidden_rows + hidden);  // qkv 3D, proj D, feed-forward
  const double attention = 2.0 * n * n * d;                        // q k^T and weights times v
  return 2.0 * static_cast<double>(config.depth) * (linear + attention);
}

double vit_patch_flops(const VitConfig& config, int64_t patches) {
  const auto values =
      static_cast<double>(config.channels * config.tubelet * config.patch * config.patch);
  return 2.0 * static_cast<double>(patches) * values * static_cast<double>(config.width);
}

double vit_flops(const VitConfig& config, int64_t height, int64_t width) {
  const int64_t patches = (height / config.patch) * (width / config.patch);
  return vit_patch_flops(config, patches) +
         vit_block_flops(config, patches + config.prefix_tokens());
}

}  // namespace physprobe
