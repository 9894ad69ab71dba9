#pragma once
// Rotary position codes: sines and cosines per token and head channel by which a block rotates its
// queries and keys. Internal.

#include "physprobe/encoders/vit_config.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace physprobe {

/// Tables of (patches, head width) float32, patches in the model's order; undefined where the model
/// has none.
struct VitRotation {
  at::Tensor sine;
  at::Tensor cosine;
};

/// DINOv3's axial code for a grid: with coordinates 2 (r + 0.5) / H - 1 and 2 (c + 0.5) / W - 1 the
/// angles are 2 pi coordinate / period, the rows' before the columns', the pair of both repeated to
/// the head's width. `periods` (head width / 4).
VitRotation axial_rotation(const at::Tensor& periods, int64_t grid_height, int64_t grid_width);

/// V-JEPA's code for the tokens of a clip, by config.positions. A head's channels are cut into
/// slices of config.rotary_slice() = s for time step, row and column; with F = s / 2 rounded down,
/// the pair (2k, 2k + 1) of a slice turns by coordinate times
///  - kRotaryVideo: 10000^(-2k / s); the last channel of an odd slice stays (V-JEPA 1);
///  - kRotaryVideoInterleaved: 10000^(-k / F), rows and columns stretched by (rotary_side - 1) over
///    (grid side - 1) where rotary_side is set (V-JEPA 2.1);
///  - kRotaryVideoTiled: channel j of the slice by 10000^(-(j mod F) / F), so that partners turn by
///    different angles: no rotation, but what V-JEPA 2's weights were trained with.
/// Channels behind the third slice stay. The grid is the clip's own, also where it is not square;
/// the reference's predictors assume the native square one.
VitRotation video_rotation(const VitConfig& config,
                           int64_t steps,
                           int64_t grid_height,
                           int64_t grid_width);

/// Rotates the queries and keys of `rows` patches in `qkv` (rows, 3 width), in place. kRotary: of
/// each head [a | b] becomes [a cos - b sin | b cos + a sin], channel by channel; video: channels
/// 2k and 2k + 1 of a slice are partners, and `sine` holds the signs.
void rotate_queries_and_keys(const VitConfig& config,
                             const VitRotation& rotation,
                             int64_t rows,
                             float* qkv);

}  // namespace physprobe
