#pragma once
// What a transformer computes between its matrix products, fused so that each buffer is passed over
// once, compiled once per vector unit and chosen at run time. Sums run in double over fixed lanes.
// On one machine a row's result depends on its numbers alone; variants with and without FMA agree
// to rounding. Internal.

#include "physprobe/encoders/vector_unit.h"

#include <cstdint>

namespace physprobe {

struct VitKernels {
  const char* name;

  /// out[r] = (x[r] - mean) / sqrt(biased variance + epsilon) * weight + bias for rows of `width`
  /// numbers; `out` may be `x`.
  void (*layer_norm_rows)(const float* x,
                          const float* weight,
                          const float* bias,
                          double epsilon,
                          int64_t rows,
                          int64_t width,
                          float* out);

  /// x[r] += bias.
  void (*add_bias_rows)(float* x, const float* bias, int64_t rows, int64_t width);

  /// x[r] = GELU(x[r] + bias), the exact form 0.5 v (1 + erf(v / sqrt 2)) to 4e-7 max(1, |v|).
  void (*bias_gelu_rows)(float* x, const float* bias, int64_t rows, int64_t width);

  /// The same with GELU's tanh form, 0.5 v (1 + tanh(sqrt(2 / pi) (v + 0.044715 v^3))).
  void (*bias_gelu_tanh_rows)(float* x, const float* bias, int64_t rows, int64_t width);

  /// The same with v sigmoid(1.702 v).
  void (*bias_quick_gelu_rows)(float* x, const float* bias, int64_t rows, int64_t width);

  /// out (rows, hidden) = silu(a + bias_a) * (b + bias_b), where a and b are the halves of each row
  /// of `x` (rows, 2 hidden) and the biases those of `bias` (2 hidden).
  void (*bias_swiglu_rows)(
      const float* x, const float* bias, int64_t rows, int64_t hidden, float* out);

  /// residual[r] += scale * (update[r] + bias); `scale` nullptr means 1 (no layer scale).
  void (*add_residual_rows)(float* residual,
                            const float* update,
                            const float* bias,
                            const float* scale,
                            int64_t rows,
                            int64_t width);

  /// x (heads, head_width) in place: of each head [a | b] becomes [a cos - b sin | b cos + a sin],
  /// with `sine` and `cosine` (head_width) the same for all heads.
  void (*rotate_halves)(
      float* x, const float* sine, const float* cosine, int64_t heads, int64_t head_width);

  /// The same with interleaved pairs: of `count` (even) channels of each head from `first` on,
  /// x[j] becomes x[j] cosine[j] + partner sine[j], where 2k and 2k + 1 are partners, counted from
  /// `first`, and `sine` holds the signs.
  void (*rotate_pairs)(float* x,
                       const float* sine,
                       const float* cosine,
                       int64_t heads,
                       int64_t head_width,
                       int64_t first,
                       int64_t count);

  /// Softmax over the first `width` numbers of each row of `x`, rows `stride` apart, in place. The
  /// row must have room for `width` rounded up to 16; the numbers behind `width` become 0.
  void (*softmax_rows)(float* x, int64_t rows, int64_t width, int64_t stride);
};

/// The fastest variant that this CPU runs.
const VitKernels& vit_kernels();

/// The variant for one vector unit; nullptr when this CPU or this build lacks it.
const VitKernels* vit_kernels_for(VectorUnit unit);

const VitKernels& vit_kernels_baseline();
const VitKernels& vit_kernels_avx2();    // defined on x86-64 only
const VitKernels& vit_kernels_avx512();  // defined on x86-64 only

}  // namespace physprobe
