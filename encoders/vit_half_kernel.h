#pragma once
// The innermost loops of float16 products, compiled for AVX512-FP16 alone (vit_half.h says what
// they compute). Internal.

#include <cstdint>

namespace physprobe {

constexpr int64_t kHalfColumns = 64;  ///< Outputs in a panel: two vectors of 32 float16.
constexpr int64_t kHalfRows = 12;     ///< Rows at a time: 24 of 32 registers hold their sums.

/// pairs[i] = float16(x[i]) twice, so that one 32-bit load fills a vector with it.
void half_pairs_avx512fp16(const float* x, int64_t count, int32_t* pairs);

/// sums (rows, kHalfColumns) += pairs (rows, depth; `stride` apart) times panel (depth,
/// kHalfColumns) of float16; 1 to kHalfRows rows. Sums of `chunk` products are rounded to float16.
void half_tile_avx512fp16(const int32_t* pairs,
                          int64_t stride,
                          int64_t rows,
                          const uint16_t* panel,
                          int64_t depth,
                          int64_t chunk,
                          float* sums);

}  // namespace physprobe
