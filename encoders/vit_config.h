#pragma once
// The hyper-parameters of one vision transformer and what follows from them alone: token counts and
// the arithmetic of a forward pass. Every ViT family is an instance of this struct. Internal.

#include <cstdint>
#include <string>

namespace physprobe {

/// The feed-forward part of a block.
enum class VitFeedForward {
  kGelu,         ///< fc1 -> GELU (exact erf) -> fc2.
  kSwigluFused,  ///< w12 -> silu(first half) * second half -> w3 (DINOv2 g).
};

/// How a learned position table is resized to another grid (encoders.md section 3 of the reference
/// notes; vit_position.h has the formulas).
enum class PositionInterpolation {
  kOffset,         ///< Keys cubic a = -0.75, scale (grid + 0.1) / table: DINOv2 without registers.
  kSize,           ///< Keys cubic a = -0.75, explicit size: Hugging Face.
  kSizeAntialias,  ///< Antialiased cubic a = -0.5, explicit size: DINOv2 with registers, timm.
};

struct VitConfig {
  int64_t width = 384;   ///< D, numbers per token.
  int64_t depth = 12;    ///< Blocks.
  int64_t heads = 6;     ///< Divides `width`.
  int64_t patch = 14;    ///< Side of a square patch, pixels.
  int64_t channels = 3;  ///< Of the input image.
  bool has_class_token = true;
  int64_t registers = 0;  ///< Tokens between the class token and the patches, without position.
  int64_t table_side =
      37;  ///< M: the position table has M x M rows (plus one for the class token).
  VitFeedForward feed_forward = VitFeedForward::kGelu;
  int64_t hidden = 1536;  ///< Width inside the feed-forward part (SwiGLU: of one half of w12).
  bool has_layer_scale = true;
  double norm_epsilon = 1e-6;
  PositionInterpolation position = PositionInterpolation::kOffset;

  int64_t head_width() const { return width / heads; }
  int64_t prefix_tokens() const { return (has_class_token ? 1 : 0) + registers; }
  int64_t table_rows() const { return (has_class_token ? 1 : 0) + table_side * table_side; }
  /// Rows of the first feed-forward matrix: `hidden`, twice that for SwiGLU.
  int64_t hidden_rows() const {
    return feed_forward == VitFeedForward::kSwigluFused ? 2 * hidden : hidden;
  }

  /// Throws Error(kUsage) with `subject` naming the field out of range.
  void validate(const std::string& subject) const;

  /// Every field, in a fixed order, for cache keys.
  std::string canonical() const;
};

/// Hidden width of DINOv2's fused SwiGLU for an MLP ratio of 4: two thirds of 4 D, rounded up to a
/// multiple of 8.
int64_t swiglu_hidden(int64_t width);

/// "offset", "size" or "size_antialias".
const char* position_name(PositionInterpolation rule);

/// Floating-point operations of one image of `height` x `width` pixels: 2mnk of every linear layer
/// (patch embedding included) and of the two attention products; the element-wise work is not
/// counted.
double vit_flops(const VitConfig& config, int64_t height, int64_t width);

}  // namespace physprobe
