#pragma once
// The hyper-parameters of one vision transformer and what follows from them alone: token counts and
// the arithmetic of a forward pass. Every ViT family is an instance of this struct. Internal.

#include <cstdint>
#include <string>

namespace physprobe {

/// The feed-forward part of a block.
enum class VitFeedForward {
  kGelu,         ///< fc1 -> GELU (exact erf) -> fc2.
  kGeluTanh,     ///< The same with GELU's tanh form (SigLIP).
  kQuickGelu,    ///< The same with x sigmoid(1.702 x) (CLIP).
  kSwigluFused,  ///< w12 -> silu(first half) * second half -> w3 (DINOv2 g, DINOv3).
};

/// How a learned position table is resized to another grid (encoders.md section 3 of the reference
/// notes; vit_position.h has the formulas).
enum class PositionInterpolation {
  kOffset,         ///< Keys cubic a = -0.75, scale (grid + 0.1) / table: DINOv2 without registers.
  kSize,           ///< Keys cubic a = -0.75, explicit size: Hugging Face.
  kSizeAntialias,  ///< Antialiased cubic a = -0.5, explicit size: DINOv2 with registers, timm.
  kScale,          ///< Keys cubic a = -0.75, one factor for both axes, square grids only; a grid of
                   ///< the table's count is taken as it is: DINO, MSN.
  kFixed,          ///< None: images of another size are refused (CLIP's original code).
  kTrilinear,      ///< Linear in time, rows and columns, one factor each: V-JEPA's table.
};

/// Where a token's place enters.
enum class VitPositions {
  kTable,     ///< Learned or fixed rows added to the tokens.
  kRotary,    ///< Rotation of the patches' queries and keys in every block (DINOv3).
  kSinusoid,  ///< A fixed 1-D code of the token's number, stored nowhere (VideoMAE).
  // Rotation by time step, row and column, a slice of each head for each (vit_rotary.h).
  kRotaryVideo,             ///< V-JEPA 1: slices of a third of the head, interleaved pairs.
  kRotaryVideoTiled,        ///< V-JEPA 2: even slices, frequencies tiled over interleaved pairs.
  kRotaryVideoInterleaved,  ///< V-JEPA 2.1: even slices, interleaved pairs.
};

/// What the model publishes as the image's vector.
enum class VitPooling {
  kClassToken,     ///< The class token after the final norm.
  kMean,           ///< Mean of the patches after the final norm.
  kMeanThenNorm,   ///< The final norm of the patches' mean (timm's fc_norm).
  kAttentionHead,  ///< A learned probe attends to the normed tokens (SigLIP).
};

/// What the linear layers of the blocks compute in; everything else is float32.
enum class VitPrecision {
  kFloat32,
  kBfloat16,  ///< Weights and inputs rounded to bfloat16, sums in float32, results in bfloat16.
};

struct VitConfig {
  int64_t width = 384;   ///< D, numbers per token.
  int64_t depth = 12;    ///< Blocks.
  int64_t heads = 6;     ///< Divides `width`.
  int64_t patch = 14;    ///< Side of a square patch, pixels.
  int64_t channels = 3;  ///< Of the input image.
  int64_t tubelet = 1;   ///< Frames one token spans; 1: an image model.
  bool has_class_token = true;
  int64_t registers = 0;  ///< Tokens between the class token and the patches, without position.
  int64_t table_side =
      37;  ///< M: the position table has M x M rows (plus one for the class token).
  int64_t table_steps = 1;  ///< Time steps of the table, each of M x M rows.
  /// M of the grid whose places rotation stretches others to (V-JEPA 2.1); 0: none is stretched.
  int64_t rotary_side = 0;
  VitFeedForward feed_forward = VitFeedForward::kGelu;
  int64_t hidden = 1536;  ///< Width inside the feed-forward part (SwiGLU: of one half of w12).
  bool has_layer_scale = true;
  double norm_epsilon = 1e-6;
  PositionInterpolation position = PositionInterpolation::kOffset;
  VitPositions positions = VitPositions::kTable;
  bool is_class_positioned = true;  ///< The table has a row for the class token.
  bool has_patch_bias = true;
  bool has_qkv_bias = true;
  bool has_entry_norm = false;  ///< A layer norm between positions and block 0 (CLIP).
  VitPooling pooling = VitPooling::kClassToken;
  VitPrecision precision = VitPrecision::kFloat32;
  int64_t projection = 0;  ///< Width to which the pooled vector is projected; 0: it is not.
  bool has_modality_embedding = false;  ///< A vector added to all tokens of a video (V-JEPA 2.1).
  /// Final norms, each of its own block's output; the last one is the model's (V-JEPA 2.1: 4).
  int64_t level_norms = 1;

  int64_t head_width() const { return width / heads; }
  int64_t prefix_tokens() const { return (has_class_token ? 1 : 0) + registers; }
  /// Rows of the table that belong to the class token.
  int64_t class_rows() const { return has_class_token && is_class_positioned ? 1 : 0; }
  int64_t table_rows() const { return class_rows() + table_steps * table_side * table_side; }
  bool is_rotary_in_video() const {
    return positions == VitPositions::kRotaryVideo ||
           positions == VitPositions::kRotaryVideoTiled ||
           positions == VitPositions::kRotaryVideoInterleaved;
  }
  /// Numbers of a head that a rotation by one coordinate of a video may touch.
  int64_t rotary_slice() const {
    const int64_t third = head_width() / 3;
    return positions == VitPositions::kRotaryVideo ? third : third / 2 * 2;
  }
  bool is_gated() const { return feed_forward == VitFeedForward::kSwigluFused; }
  /// Rows of the first feed-forward matrix: `hidden`, twice that for SwiGLU.
  int64_t hidden_rows() const { return is_gated() ? 2 * hidden : hidden; }
  /// Numbers in the pooled vector.
  int64_t pooled_width() const { return projection > 0 ? projection : width; }

  /// Throws Error(kUsage) with `subject` naming the field out of range.
  void validate(const std::string& subject) const;

  /// Every field, in a fixed order, for cache keys. Fields that DINOv2 leaves at their defaults are
  /// named only where they differ, so that keys made before they existed stay valid.
  std::string canonical() const;
};

/// Hidden width of DINOv2's fused SwiGLU for an MLP ratio of 4: two thirds of 4 D, rounded up to a
/// multiple of 8.
int64_t swiglu_hidden(int64_t width);

/// "offset", "size", "size_antialias", "scale", "fixed" or "trilinear".
const char* position_name(PositionInterpolation rule);

/// "table", "rotary", "sinusoid", "rotary-video", "rotary-video-tiled" or
/// "rotary-video-interleaved".
const char* positions_name(VitPositions positions);

/// "gelu", "gelu_tanh", "quick_gelu" or "swiglu".
const char* feed_forward_name(VitFeedForward kind);

/// Floating-point operations of one image of `height` x `width` pixels: 2mnk of every linear layer
/// (patch embedding included) and of the two attention products; the element-wise work is not
/// counted.
double vit_flops(const VitConfig& config, int64_t height, int64_t width);

/// The part of the blocks alone, for `tokens` tokens.
double vit_block_flops(const VitConfig& config, int64_t tokens);

/// The patch embedding's part, for `patches` patches.
double vit_patch_flops(const VitConfig& config, int64_t patches);

}  // namespace physprobe
