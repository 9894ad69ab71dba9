#pragma once
// Learned position tables and their resizing to the grid of another image size. Three published
// rules give three numerically different models, hence the explicit choice. Internal.

#include "physprobe/encoders/vit_config.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace physprobe {

/// The rows added to the class token (if any) and the patch tokens of a grid_height x grid_width
/// image, or of each time step of a clip: (class token + steps * grid_height * grid_width, D)
/// float32 from `table` (config.table_rows(),
/// D). The class token's row is never resized. A square grid of the table's own size gets the table
/// as it is; everything else, also a grid of the same count that is not square, is interpolated by
/// `config.position`:
///  - kOffset: source = (i + 0.5) M / (grid + 0.1) - 0.5, four taps of Keys' cubic a = -0.75, edges
///  clamped;
///  - kSize: the same with M / grid;
///  - kSizeAntialias: cubic a = -0.5 of width 2 max(M / grid, 1), cut at the edges and normalised
///  to sum 1;
///  - kScale: as kSize with one factor for both axes; a grid of the table's count is not resized,
///  whatever its shape, others must be square (DINO and MSN);
///  - kFixed: only the table's own grid;
///  - kTrilinear: source = (i + 0.5) M / grid - 0.5, not below 0, linear, time alike with
///  table_steps / steps. The other rules are those of images.
/// Throws Error(kUsage) for a grid the rule has nothing for.
at::Tensor resized_positions(const VitConfig& config,
                             const at::Tensor& table,
                             int64_t grid_height,
                             int64_t grid_width,
                             int64_t steps = 1);

/// V-JEPA's fixed table, (steps * side_height * side_width, width) float32: per token the codes of
/// time step, row and column, each all sines before all cosines with frequencies 10000^(-k / (m /
/// 2)) for a code of m numbers. With `is_uniform` (all released models) each is 2 ceil(width / 6)
/// wide and what exceeds `width` is cut off; without, time takes half of `width`.
at::Tensor sincos_positions(
    int64_t steps, int64_t grid_height, int64_t grid_width, int64_t width, bool is_uniform);

/// VideoMAE's fixed table, (rows, width) float32: of row n the even channels j hold sin, the odd
/// ones cos of n / 10000^(2 floor(j / 2) / width).
at::Tensor sinusoid_positions(int64_t rows, int64_t width);

}  // namespace physprobe
