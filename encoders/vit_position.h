#pragma once
// Learned position tables and their resizing to the grid of another image size. Three published
// rules give three numerically different models, hence the explicit choice. Internal.

#include "physprobe/encoders/vit_config.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace physprobe {

/// The rows added to the class token (if any) and the patch tokens of a grid_height x grid_width
/// image: (class token + grid_height * grid_width, D) float32 from `table` (config.table_rows(),
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
///  - kFixed: only the table's own grid.
/// Throws Error(kUsage) for a grid the rule has nothing for.
at::Tensor resized_positions(const VitConfig& config,
                             const at::Tensor& table,
                             int64_t grid_height,
                             int64_t grid_width);

}  // namespace physprobe
