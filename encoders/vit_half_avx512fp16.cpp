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
constexpr int64_t kVectors = kHalfColumns / kLanes;  // of float32 in a row of sums

/// sums[0..31] = or += the float16 lanes of `part`.
PHYSPROBE_INLINE void take_to_float(__m512h part, bool is_first, float* sums) {
  const __m512i bits = _mm512_castph_si512(part);
  __m512 low = _mm512_cvtxph_ps(_mm256_castsi256_ph(_mm512_castsi512_si256(bits)));
  __m512 high = _mm512_cvtxph_ps(_mm256_castsi256_ph(_mm512_extracti64x4_epi64(bits, 1)));
  if (!is_first) {
    low = _mm512_add_ps(_mm512_load_ps(sums), low);
    high = _mm512_add_ps(_mm512_load_ps(sums + kLanes), high);
  }
  _mm512_store_ps(sums, low);
  _mm512_store_ps(sums + kLanes, high);
}

/// One run of `count` (at least 1) products of every row and output, to `sums` (kRows,
/// kHalfColumns).
template <int64_t kRows>
PHYSPROBE_INLINE void run(const int32_t* pairs,
                          const uint16_t* panel,
                          int64_t count,
                          HalfFetch fetch,
                          bool is_first,
                          float* sums) {
  __m512h parts[kRows][2];
#pragma GCC unroll 12
  for (int64_t row = 0; row < kRows; ++row) {
    parts[row][0] = _mm512_setzero_ph();
    parts[row][1] = _mm512_setzero_ph();
  }
  const int32_t* const end = pairs + count * kRows;
  do {  // a loop that may not run at all would cost GCC a copy of every sum
    const __m512h left = _mm512_loadu_ph(panel);
    const __m512h right = _mm512_loadu_ph(panel + kHalfLanes);
    _mm_prefetch(reinterpret_cast<const char*>(fetch.from), _MM_HINT_T1);
    fetch.from += static_cast<uintptr_t>(fetch.step);
#pragma GCC unroll 12
    for (int64_t row = 0; row < kRows; ++row) {
      const __m512h value = _mm512_castsi512_ph(_mm512_set1_epi32(pairs[row]));
      parts[row][0] = _mm512_fmadd_ph(value, left, parts[row][0]);
      parts[row][1] = _mm512_fmadd_ph(value, right, parts[row][1]);
    }
    pairs += kRows;
    panel += kHalfColumns;
  } while (pairs != end);
#pragma GCC unroll 12
  for (int64_t row = 0; row < kRows; ++row) {
    take_to_float(parts[row][0], is_first, sums + row * kHalfColumns);
    take_to_float(parts[row][1], is_first, sums + row * kHalfColumns + kHalfLanes);
    // Without this GCC keeps all float32 sums in registers that it does not have.
    asm volatile("" ::: "memory");
  }
}

/// The lanes of vector `index` of a row that are among its first `columns`.
PHYSPROBE_INLINE __mmask16 lanes_of(int64_t index, int64_t columns) {
  const int64_t rest = columns - index * kLanes;
  if (rest >= kLanes) return 0xFFFFU;
  return static_cast<__mmask16>(rest <= 0 ? 0U : (1U << static_cast<unsigned>(rest)) - 1U);
}

template <int64_t kRows>
void tile(const int32_t* pairs,
          const uint16_t* panel,
          int64_t depth,
          int64_t chunk,
          const HalfFetch& fetch,
          const HalfTarget& target) {
  alignas(64) float sums[kRows * kHalfColumns];
  for (int64_t first = 0; first < depth; first += chunk) {
    const int64_t count = depth - first < chunk ? depth - first : chunk;
    const HalfFetch part = {fetch.from + static_cast<uintptr_t>(first * fetch.step), fetch.step};
    if (first == 0) {
      run<kRows>(pairs, panel, count, part, true, sums);
    } else {
      run<kRows>(pairs + first * kRows, panel + first * kHalfColumns, count, part, false, sums);
    }
  }
  for (int64_t row = 0; row < kRows; ++row) {
    float* out = target.out + row * target.stride;
    for (int64_t i = 0; i < kVectors; ++i) {
      const __mmask16 lanes = lanes_of(i, target.columns);
      __m512 value = _mm512_load_ps(sums + row * kHalfColumns + i * kLanes);
      if (target.adds) {
        value = _mm512_add_ps(_mm512_maskz_loadu_ps(lanes, out + i * kLanes), value);
      }
      _mm512_mask_storeu_ps(out + i * kLanes, lanes, value);
    }
  }
}

/// float16(x[0..15]) twice in each lane.
PHYSPROBE_INLINE __m512i paired(const float* x, __mmask16 lanes) {
  const __m512i half = _mm512_cvtepu16_epi32(
      _mm512_cvtps_ph(_mm512_maskz_loadu_ps(lanes, x), _MM_FROUND_TO_NEAREST_INT));
  return _mm512_or_si512(half, _mm512_slli_epi32(half, 16));
}

/// Sixteen numbers of four rows, number by number: of each 16 bytes the four rows' pairs of one.
PHYSPROBE_INLINE void write_four_rows(const float* x,
                                      int64_t stride,
                                      int64_t rows,
                                      int32_t* pairs) {
  const __m512i a = paired(x, 0xFFFFU);
  const __m512i b = paired(x + stride, 0xFFFFU);
  const __m512i c = paired(x + 2 * stride, 0xFFFFU);
  const __m512i d = paired(x + 3 * stride, 0xFFFFU);
  const __m512i ab_low = _mm512_unpacklo_epi32(a, b);
  const __m512i ab_high = _mm512_unpackhi_epi32(a, b);
  const __m512i cd_low = _mm512_unpacklo_epi32(c, d);
  const __m512i cd_high = _mm512_unpackhi_epi32(c, d);
  const __m512i turned[4] = {
      _mm512_unpacklo_epi64(ab_low, cd_low), _mm512_unpackhi_epi64(ab_low, cd_low),
      _mm512_unpacklo_epi64(ab_high, cd_high), _mm512_unpackhi_epi64(ab_high, cd_high)};
#pragma GCC unroll 4
  for (int64_t i = 0; i < 4; ++i) {  // numbers i, 4 + i, 8 + i and 12 + i
    int32_t* const to = pairs + i * rows;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_castsi512_si128(turned[i]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 4 * rows),
                     _mm512_extracti32x4_epi32(turned[i], 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 8 * rows),
                     _mm512_extracti32x4_epi32(turned[i], 2));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 12 * rows),
                     _mm512_extracti32x4_epi32(turned[i], 3));
  }
}

}  // namespace

void half_pairs_avx512fp16(
    const float* x, int64_t stride, int64_t rows, int64_t count, int32_t* pairs) {
  const __m512i places =
      _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                         _mm512_set1_epi32(static_cast<int32_t>(rows)));
  for (int64_t i = 0; i < count; i += kLanes) {
    const __mmask16 lanes = lanes_of(0, count - i);
    int64_t row = 0;
    if (lanes == 0xFFFFU) {
      for (; row + 4 <= rows; row += 4) {
        write_four_rows(x + row * stride + i, stride, rows, pairs + i * rows + row);
      }
    }
    for (; row < rows; ++row) {
      _mm512_mask_i32scatter_epi32(pairs + i * rows + row, lanes, places,
                                   paired(x + row * stride + i, lanes), sizeof(int32_t));
    }
  }
}

void half_tile_avx512fp16(const int32_t* pairs,
                          int64_t rows,
                          const uint16_t* panel,
                          int64_t depth,
                          int64_t chunk,
                          const HalfFetch& fetch,
                          const HalfTarget& target) {
  using Tile = void (*)(const int32_t*, const uint16_t*, int64_t, int64_t, const HalfFetch&,
                        const HalfTarget&);
  static constexpr Tile kTiles[kHalfRows] = {tile<1>, tile<2>,  tile<3>,  tile<4>,
                                             tile<5>, tile<6>,  tile<7>,  tile<8>,
                                             tile<9>, tile<10>, tile<11>, tile<12>};
  kTiles[rows - 1](pairs, panel, depth, chunk, fetch, target);
}

}  // namespace physprobe
