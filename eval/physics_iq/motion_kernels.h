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

  /// For one row of `frames` frames, at most kMostFrames: background <- 0.7 background + 0.3 grey,
  /// the first product not rounded (fused, as OpenCV's vector code does: it decides ties); then bit
  /// x of `fired` is set where |grey - round(background)| > threshold. Rounds to float32 first,
  /// then half to even, as OpenCV's convertScaleAbs. Writes ceil(count / 64) whole words for each
  /// frame; bits past `count` are 0.
  static constexpr int64_t kMostFrames = 8;
  void (*update_background)(const uint8_t* const* grey,
                            int64_t frames,
                            int64_t count,
                            int threshold,
                            double* background,
                            uint64_t* const* fired);

  /// Bits of a row ANDed with their two neighbours on either side; `in` may be read one word before
  /// and one behind its `words`.
  void (*erode_row)(const uint64_t* in, int64_t words, uint64_t* out);
  /// Bits of a row ORed with their four neighbours on either side; reads like erode_row.
  void (*dilate_row)(const uint64_t* in, int64_t words, uint64_t* out);
  /// The AND of five rows, the OR of nine.
  void (*intersect_rows)(const uint64_t* const* rows, int64_t words, uint64_t* out);
  void (*unite_rows)(const uint64_t* const* rows, int64_t words, uint64_t* out);

  /// One row of an RGB picture shrunk by four: from rows 1 and 2 of each four, (a + b + c + d + 2)
  /// >> 2 of columns 1 and 2 of each four, which is OpenCV's bilinear resizing at exactly this
  /// ratio. Both rows have 12 * out_width bytes.
  void (*quarter_row)(const uint8_t* upper, const uint8_t* lower, int64_t out_width, uint8_t* out);

  /// Bits set in both and in either.
  void (*count_overlap)(
      const uint64_t* a, const uint64_t* b, int64_t words, int64_t* common, int64_t* either);

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
