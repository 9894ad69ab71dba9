#pragma once
// The innermost loops over pixels, compiled once per vector unit and chosen at run time. All
// variants compute the same bits: lanes are independent sums, and no operation is fused or
// reordered. Internal to `video/`.

#include <cstdint>

namespace physprobe {

/// ResampleTaps as plain pointers: the kernels are compiled with wider instructions than the rest,
/// so that no inline function of a library header may slip into them.
template <typename Weight>
struct TapsView {
  int64_t size = 0;                ///< Output positions.
  const int32_t* first = nullptr;  ///< First input position of each, minus the smallest of all.
  const int32_t* count = nullptr;
  const uint64_t* offset = nullptr;
  const Weight* weights = nullptr;
};

struct PixelKernels {
  static constexpr int64_t kLanes = 16;        ///< Rows worked on side by side.
  static constexpr int64_t kColumnBlock = 64;  ///< Widths of rows are padded to this.
  static constexpr int kPrecisionBits = 22;    ///< Of Pillow's fixed-point weights.

  const char* name;

  /// 16 rows, bytes [0, count), count % 16 == 0, to columns of 16: out[byte * 16 + row].
  void (*transpose_rows)(const uint8_t* const* rows, int64_t count, uint8_t* out);
  /// The reverse: columns[column * 16 + row] to out[row * stride + column], count % 16 == 0.
  void (*transpose_back_bytes)(const uint8_t* columns, int64_t count, uint8_t* out, int64_t stride);
  void (*transpose_back_floats)(const float* columns, int64_t count, float* out, int64_t stride);

  /// Resamples columns of 16 rows (interleaved channels) to columns in the order channel, position.
  /// Bytes: Pillow's fixed point, clamped to 8 bits. Floats: no rounding, no clamping.
  void (*rows_pass_bytes)(const uint8_t* in,
                          int64_t channels,
                          const TapsView<int32_t>& taps,
                          uint8_t* out);
  void (*rows_pass_floats)(const uint8_t* in,
                           int64_t channels,
                           const TapsView<float>& taps,
                           float* out);

  /// One output row as a weighted sum of `count` rows of `stride` values; width % 64 == 0.
  void (*columns_pass_bytes)(const uint8_t* rows,
                             int64_t stride,
                             const int32_t* weights,
                             int64_t count,
                             int64_t width,
                             uint8_t* out);
  void (*columns_pass_floats)(const float* rows,
                              int64_t stride,
                              const float* weights,
                              int64_t count,
                              int64_t width,
                              float* out);

  /// Rec.601 luma of coded values, rounded half up; exact in integers.
  void (*luma_row)(const uint8_t* rgb, int64_t width, uint8_t* out);
  /// (value / divisor - mean) / stddev in float32, torch's order of operations.
  void (*normalise_bytes)(
      const uint8_t* values, int64_t count, float divisor, float mean, float stddev, float* out);
  void (*normalise_floats)(
      const float* values, int64_t count, float divisor, float mean, float stddev, float* out);
};

/// The fastest variant that this CPU runs.
const PixelKernels& pixel_kernels();
/// Of the variants that this CPU runs, number `rank`: 0 is the fastest, the baseline the last, then
/// nullptr.
const PixelKernels* runnable_pixel_kernels(int rank);

const PixelKernels& pixel_kernels_baseline();
#ifdef PHYSPROBE_HAS_X86_KERNELS
const PixelKernels& pixel_kernels_avx2();
const PixelKernels& pixel_kernels_avx512();
#endif

}  // namespace physprobe
