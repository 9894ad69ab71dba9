// Compiled for AVX-512 with bfloat16 and float16; called only where the processor has them.

#include "physprobe/benchmarks/product_limits_kernels.h"

#include <immintrin.h>

#if defined(__GNUC__) && !defined(__clang__)
// GCC's own header leaves vectors undefined on purpose and is then warned about.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace physprobe {
namespace {

/// Keeps the compiler from computing the rounds beforehand, and chains that look alike as one.
template <typename Vector>
inline __attribute__((always_inline)) void hide(Vector& value) {
  asm volatile("" : "+v"(value));
}

}  // namespace

double float32_products(int64_t rounds) {
  __m512 sums[kProductChains];
#pragma GCC unroll 24
  for (__m512& sum : sums) {
    sum = _mm512_setzero_ps();
    hide(sum);
  }
  __m512 one = _mm512_set1_ps(1.0F);
  __m512 sign = _mm512_set1_ps(1.0F);
  const __m512 minus = _mm512_set1_ps(-0.0F);
  for (int64_t i = 0; i < rounds; ++i) {
    hide(one);
#pragma GCC unroll 24
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(one, sign, sum);
    sign = _mm512_xor_ps(sign, minus);
  }
  double total = 0.0;
  for (const __m512& sum : sums) total += static_cast<double>(_mm512_reduce_add_ps(sum));
  return total;
}

double bfloat16_products(int64_t rounds) {
  constexpr int kOnes = 0x3F803F80;                      // two bfloat16 of 1
  constexpr int kSigns = static_cast<int>(0x80008000U);  // their signs
  __m512 sums[kProductChains];
#pragma GCC unroll 24
  for (__m512& sum : sums) {
    sum = _mm512_setzero_ps();
    hide(sum);
  }
  __m512i one = _mm512_set1_epi32(kOnes);
  __m512i sign = _mm512_set1_epi32(kOnes);
  const __m512i minus = _mm512_set1_epi32(kSigns);
  for (int64_t i = 0; i < rounds; ++i) {
    hide(one);
#pragma GCC unroll 24
    for (__m512& sum : sums) {
      sum =
          _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(one), reinterpret_cast<__m512bh>(sign));
    }
    sign = _mm512_xor_si512(sign, minus);
  }
  double total = 0.0;
  for (const __m512& sum : sums) total += static_cast<double>(_mm512_reduce_add_ps(sum));
  return total;
}

double float16_products(int64_t rounds) {
  constexpr int kOnes = 0x3C003C00;                      // two float16 of 1
  constexpr int kSigns = static_cast<int>(0x80008000U);  // their signs
  __m512h sums[kProductChains];
#pragma GCC unroll 24
  for (__m512h& sum : sums) {
    sum = _mm512_setzero_ph();
    hide(sum);
  }
  __m512i one = _mm512_set1_epi32(kOnes);
  __m512i sign = _mm512_set1_epi32(kOnes);
  const __m512i minus = _mm512_set1_epi32(kSigns);
  for (int64_t i = 0; i < rounds; ++i) {
    hide(one);
#pragma GCC unroll 24
    for (__m512h& sum : sums) {
      sum = _mm512_fmadd_ph(_mm512_castsi512_ph(one), _mm512_castsi512_ph(sign), sum);
    }
    sign = _mm512_xor_si512(sign, minus);
  }
  double total = 0.0;
  for (const __m512h& sum : sums) total += static_cast<double>(_mm512_reduce_add_ph(sum));
  return total;
}

}  // namespace physprobe
