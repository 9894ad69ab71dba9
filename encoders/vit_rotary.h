#pragma once
// Rotary position codes: sines and cosines per token and head channel by which a block rotates its
// queries and keys. Internal.

#include "physprobe/encoders/vit_config.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace physprobe {

/// Tables of (patches, head width) float32, patches row by row; undefined where the model has none.
struct VitRotation {
  at::Tensor sine;
  at::Tensor cosine;
};

/// DINOv3's axial code for a grid: with coordinates 2 (r + 0.5) / H - 1 and 2 (c + 0.5) / W - 1 the
/// angles are 2 pi coordinate / period, the rows' before the columns', the pair of both repeated to
/// the head's width. `periods` (head width / 4).
VitRotation axial_rotation(const at::Tensor& periods, int64_t grid_height, int64_t grid_width);

/// Rotates the queries and keys of `rows` patches in `qkv` (rows, 3 width), in place: of each head
/// [a | b] becomes [a cos - b sin | b cos + a sin], channel by channel.
void rotate_queries_and_keys(const VitConfig& config,
                             const VitRotation& rotation,
                             int64_t rows,
                             float* qkv);

}  // namespace physprobe
