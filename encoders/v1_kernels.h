#pragma once
// The innermost loops of the v1 model, compiled once per vector unit and chosen at run time. All
// variants compute the same bits: lanes are independent, and no operation is fused or reordered.
// Internal.

#include "physprobe/encoders/vector_unit.h"

#include <cstdint>

namespace physprobe {

struct V1Kernels {
  const char* name;

  /// out[i] = half[0] line[i] + sum over o in [1, taps) of half[o] (line[i - o stride] +
  /// line[i + o stride]), offsets in ascending order: a symmetric filter along rows (stride 1) or
  /// columns (stride = width). `line` and `out` do not overlap.
  void (*symmetric_sum)(const float* line,
                        int64_t stride,
                        const float* half,
                        int64_t taps,
                        int64_t count,
                        float* out);

  /// out = spectrum * filter; complex numbers as pairs of floats, `count` of them.
  void (*apply_filter)(const float* spectrum, const float* filter, int64_t count, float* out);

  /// out[i] = |value i|^2 of complex numbers as pairs of floats.
  void (*squared_modulus)(const float* values, int64_t count, float* out);

  /// Sum in double over eight interleaved lanes, which are then added in order: the order is fixed,
  /// and no addition waits for the one before.
  double (*lane_sum)(const float* values, int64_t count);
};

/// The fastest variant that this CPU runs.
const V1Kernels& v1_kernels();

/// The variant for one vector unit; nullptr when this CPU or this build lacks it.
const V1Kernels* v1_kernels_for(VectorUnit unit);

const V1Kernels& v1_kernels_baseline();
const V1Kernels& v1_kernels_avx2();    // defined on x86-64 only
const V1Kernels& v1_kernels_avx512();  // defined on x86-64 only

}  // namespace physprobe
