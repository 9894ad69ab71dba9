#pragma once
// The innermost loops of float16 products, compiled for AVX512-FP16 alone (vit_half.h says what
// they compute). Internal.

#include <cstdint>

namespace physprobe {

constexpr int64_t kHalfColumns = 64;  ///< Outputs in a panel: two vectors of 32 float16.
constexpr int64_t kHalfRows = 12;     ///< Rows at a time: 24 of 32 registers hold their sums.

/// pairs (count, rows) = float16(x (rows, count; `stride` apart)) twice each, so that one 32-bit
/// load fills a vector with a number, and a tile's numbers lie in the order in which it reads them;
/// 1 to kHalfRows rows.
void half_pairs_avx512fp16(
    const float* x, int64_t stride, int64_t rows, int64_t count, int32_t* pairs);

/// Where a tile's sums go: the first `columns` of each row, written or added to what is there.
struct HalfTarget {
  float* out = nullptr;
  int64_t stride = 0;
  int64_t columns = 0;  ///< 1 to kHalfColumns.
  bool adds = false;
};

/// Memory to ask for beside the products, so that it lies in the second-level cache when its turn
/// comes: one place per input, `step` bytes apart. Asked for at once it would hold up the loads.
struct HalfFetch {
  uintptr_t from = 0;  ///< An address: the last places may lie behind the memory.
  int64_t step = 0;
};

/// pairs (depth, rows) transposed times panel (depth, kHalfColumns) of float16, to `target`; 1 to
/// kHalfRows rows. Sums of `chunk` products are rounded to float16.
void half_tile_avx512fp16(const int32_t* pairs,
                          int64_t rows,
                          const uint16_t* panel,
                          int64_t depth,
                          int64_t chunk,
                          const HalfFetch& fetch,
                          const HalfTarget& target);

}  // namespace physprobe
