#pragma once
// The innermost loops of motion masks, compiled once per vector unit and chosen at run time. All
// variants compute the same bits: lanes are independent, and nothing is fused or reordered but
// where it says so. Internal to `eval/physics_iq/`.

#include <cstdint>

namespace physprobe {

struct MotionKernels {
  const char* name;

  /// (3735 B + 19235 G + 9798 R + 16384) >> 15 of packed RGB: OpenCV's 8-bit grey.
  void (*grey_row)(const uint8_t* rgb, int64_t width, uint8_t* grey);

  /// One row of the 5x5 binomial blur from five grey rows, each with two pixels of border on either
  /// side of `width`; rounded once. `sums` is room for width + 4 values.
  void (*blur_row)(const uint8_t* const* rows, int64_t width, uint16_t* sums, uint8_t* out);

  /// background <- 0.7 background + 0.3 grey, the first product not rounded (fused, as OpenCV's
  /// vector code does: it decides ties); then fired = 1 where |grey - round(background)| >
  /// threshold, else 0. Rounds to float32 first, then half to even, as OpenCV's convertScaleAbs.
  void (*update_background)(
      const uint8_t* grey, int64_t count, float threshold, double* background, uint8_t* fired);

  /// Sum of squared differences.
  int64_t (*squared_difference)(const uint8_t* a, const uint8_t* b, int64_t count);
};

/// The fastest variant that this CPU runs.
const MotionKernels& motion_kernels();

const MotionKernels& motion_kernels_baseline();
#ifdef PHYSPROBE_HAS_X86_KERNELS
const MotionKernels& motion_kernels_avx2();
const MotionKernels& motion_kernels_avx512();
#endif

}  // namespace physprobe
