// Compiled for AVX512-FP16; no header of a library is included, so that no wide instruction leaks
// into code that every CPU runs.

#include "physprobe/encoders/vit_half_kernel.h"

#include <immintrin.h>

#if defined(__GNUC__) && !defined(__clang__)
// GCC's own header leaves vectors undefined on purpose and is then warned about.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#define PHYSPROBE_INLINE inline __attribute__((always_inline))

namespace physprobe {
namespace {

constexpr int64_t kLanes = 16;
constexpr int64_t kHalfLanes = 32;

/// sums[0..31] += the float16 lanes of `part`.
PHYSPROBE_INLINE void add_to_float(__m512h part, float* sums) {
  const __m512i bits = _mm512_castph_si512(part);
  const __m512 low = _mm512_cvtxph_ps(_mm256_castsi256_ph(_mm512_castsi512_si256(bits)));
  const __m512 high = _mm512_cvtxph_ps(_mm256_castsi256_ph(_mm512_extracti64x4_epi64(bits, 1)));
  _mm512_storeu_ps(sums, _mm512_add_ps(_mm512_loadu_ps(sums), low));
  _mm512_storeu_ps(sums + kLanes, _mm512_add_ps(_mm512_loadu_ps(sums + kLanes), high));
}

template <int64_t kRows>
void tile(const int32_t* pairs,
          int64_t stride,
          const uint16_t* panel,
          int64_t depth,
          int64_t chunk,
          float* sums) {
  for (int64_t first = 0; first < depth; first += chunk) {
    const int64_t count = depth - first < chunk ? depth - first : chunk;
    __m512h parts[kRows][2];
#pragma GCC unroll 12
    for (int64_t row = 0; row < kRows; ++row) {
      parts[row][0] = _mm512_setzero_ph();
      parts[row][1] = _mm512_setzero_ph();
    }
    for (int64_t i = 0; i < count; ++i, ++pairs, panel += kHalfColumns) {
      const __m512h left = _mm512_loadu_ph(panel);
      const __m512h right = _mm512_loadu_ph(panel + kHalfLanes);
#pragma GCC unroll 12
      for (int64_t row = 0; row < kRows; ++row) {
        const __m512h value = _mm512_castsi512_ph(_mm512_set1_epi32(pairs[row * stride]));
        parts[row][0] = _mm512_fmadd_ph(value, left, parts[row][0]);
        parts[row][1] = _mm512_fmadd_ph(value, right, parts[row][1]);
      }
    }
#pragma GCC unroll 12
    for (int64_t row = 0; row < kRows; ++row) {
      add_to_float(parts[row][0], sums + row * kHalfColumns);
      add_to_float(parts[row][1], sums + row * kHalfColumns + kHalfLanes);
    }
    // Without this GCC keeps all float32 sums in registers that it does not have.
    asm volatile("" ::: "memory");
  }
}

}  // namespace

void half_pairs_avx512fp16(const float* x, int64_t count, int32_t* pairs) {
  for (int64_t i = 0; i < count; i += kLanes) {
    const auto lanes = static_cast<__mmask16>(
        count - i < kLanes ? (1U << static_cast<unsigned>(count - i)) - 1U : 0xFFFFU);
    const __m512i half = _mm512_cvtepu16_epi32(
        _mm512_cvtps_ph(_mm512_maskz_loadu_ps(lanes, x + i), _MM_FROUND_TO_NEAREST_INT));
    _mm512_mask_storeu_epi32(pairs + i, lanes, _mm512_or_si512(half, _mm512_slli_epi32(half, 16)));
  }
}

void half_tile_avx512fp16(const int32_t* pairs,
                          int64_t stride,
                          int64_t rows,
                          const uint16_t* panel,
                          int64_t depth,
                          int64_t chunk,
                          float* sums) {
  using Tile = void (*)(const int32_t*, int64_t, const uint16_t*, int64_t, int64_t, float*);
  static constexpr Tile kTiles[kHalfRows] = {tile<1>, tile<2>,  tile<3>,  tile<4>,
                                             tile<5>, tile<6>,  tile<7>,  tile<8>,
                                             tile<9>, tile<10>, tile<11>, tile<12>};
  kTiles[rows - 1](pairs, stride, panel, depth, chunk, sums);
}

}  // namespace physprobe
