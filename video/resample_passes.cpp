#include "physprobe/video/resample_passes.h"

#include "physprobe/video/simd_clones.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace physprobe {
namespace {

constexpr int64_t kLanes = 16;

using Bytes16 = uint8_t __attribute__((vector_size(16)));
using Ints16 = int32_t __attribute__((vector_size(64)));
using Floats16 = float __attribute__((vector_size(64)));
using Floats4 = float __attribute__((vector_size(16)));

int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

template <typename Vector, typename T>
inline __attribute__((always_inline)) void load(Vector& out, const T* from) {
  std::memcpy(&out, from, sizeof(Vector));
}

template <typename Vector, typename T>
inline __attribute__((always_inline)) void store(T* to, const Vector& value) {
  std::memcpy(to, &value, sizeof(Vector));
}

/// Transposes 16x16 bytes: four rounds of interleaving row i with row i + 8.
inline __attribute__((always_inline)) void transpose_bytes(const uint8_t* const* rows,
                                                           int64_t at,
                                                           uint8_t* out,
                                                           int64_t out_stride) {
  Bytes16 a[16];
  Bytes16 b[16];
  for (int i = 0; i < 16; ++i) load(a[i], rows[i] + at);
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 8; ++i) {
      b[2 * i] = __builtin_shufflevector(a[i], a[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21,
                                         6, 22, 7, 23);
      b[2 * i + 1] = __builtin_shufflevector(a[i], a[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28,
                                             13, 29, 14, 30, 15, 31);
    }
    std::memcpy(a, b, sizeof(a));
  }
  for (int i = 0; i < 16; ++i) store(out + i * out_stride, a[i]);
}

/// Rows `rows[0..15]`, bytes [0, count), to columns of 16: out[byte * 16 + row]. `count` is rounded
/// up to 16.
PHYSPROBE_SIMD_CLONES
void transpose_rows(const uint8_t* const* rows, int64_t count, uint8_t* out) {
  for (int64_t at = 0; at < count; at += kLanes) {
    transpose_bytes(rows, at, out + at * kLanes, kLanes);
  }
}

/// The reverse: columns[column * 16 + row] to out[row * stride + column], for columns [0, count),
/// count % 16 == 0.
PHYSPROBE_SIMD_CLONES
void transpose_back(const uint8_t* columns, int64_t count, uint8_t* out, int64_t stride) {
  for (int64_t at = 0; at < count; at += kLanes) {
    const uint8_t* rows[16];
    for (int64_t i = 0; i < kLanes; ++i) rows[i] = columns + (at + i) * kLanes;
    transpose_bytes(rows, 0, out + at, stride);
  }
}

PHYSPROBE_SIMD_CLONES
void transpose_back(const float* columns, int64_t count, float* out, int64_t stride) {
  for (int64_t at = 0; at < count; at += 4) {
    for (int64_t row = 0; row < kLanes; row += 4) {
      Floats4 a[4];
      for (int64_t i = 0; i < 4; ++i) load(a[i], columns + (at + i) * kLanes + row);
      const Floats4 b0 = __builtin_shufflevector(a[0], a[2], 0, 4, 1, 5);
      const Floats4 b1 = __builtin_shufflevector(a[0], a[2], 2, 6, 3, 7);
      const Floats4 b2 = __builtin_shufflevector(a[1], a[3], 0, 4, 1, 5);
      const Floats4 b3 = __builtin_shufflevector(a[1], a[3], 2, 6, 3, 7);
      const Floats4 c0 = __builtin_shufflevector(b0, b2, 0, 4, 1, 5);
      const Floats4 c1 = __builtin_shufflevector(b0, b2, 2, 6, 3, 7);
      const Floats4 c2 = __builtin_shufflevector(b1, b3, 0, 4, 1, 5);
      const Floats4 c3 = __builtin_shufflevector(b1, b3, 2, 6, 3, 7);
      store(out + row * stride + at, c0);
      store(out + (row + 1) * stride + at, c1);
      store(out + (row + 2) * stride + at, c2);
      store(out + (row + 3) * stride + at, c3);
    }
  }
}

/// Pillow: sums start at one half, are shifted down and clamped to 8 bits.
struct FixedPoint {
  using Sum = Ints16;
  using Weight = int32_t;
  using Value = uint8_t;
  static const Weight* weights(const ResampleTaps& taps) { return taps.fixed_weights.data(); }
  static inline __attribute__((always_inline)) void begin(Sum& sum) {
    sum = Sum{} + (1 << (kPillowPrecisionBits - 1));
  }
  static inline __attribute__((always_inline)) void add(Sum& sum,
                                                        Weight weight,
                                                        const Value* values) {
    Bytes16 bytes;
    load(bytes, values);
    sum += weight * __builtin_convertvector(bytes, Ints16);
  }
  static inline __attribute__((always_inline)) void finish(const Sum& sum, Value* out) {
    Sum value = sum >> kPillowPrecisionBits;
    value = value < 0 ? Sum{} : value;
    value = value > 255 ? Sum{} + 255 : value;
    const Bytes16 bytes = __builtin_convertvector(value, Bytes16);
    store(out, bytes);
  }
};

struct FloatingPoint {
  using Sum = Floats16;
  using Weight = float;
  using Value = float;
  static const Weight* weights(const ResampleTaps& taps) { return taps.weights.data(); }
  static inline __attribute__((always_inline)) void begin(Sum& sum) { sum = Sum{}; }
  static inline __attribute__((always_inline)) void add(Sum& sum,
                                                        Weight weight,
                                                        const uint8_t* values) {
    Bytes16 bytes;
    load(bytes, values);
    sum += weight * __builtin_convertvector(__builtin_convertvector(bytes, Ints16), Floats16);
  }
  static inline __attribute__((always_inline)) void add(Sum& sum,
                                                        Weight weight,
                                                        const float* values) {
    Floats16 floats;
    load(floats, values);
    sum += weight * floats;
  }
  static inline __attribute__((always_inline)) void finish(const Sum& sum, Value* out) {
    store(out, sum);
  }
};

/// `in` holds columns of 16 rows, of which the first is input position `taps.input_begin`; `out`
/// gets columns in the order channel, position.
template <typename Arithmetic>
inline __attribute__((always_inline)) void along_rows(const uint8_t* in,
                                                      int64_t channels,
                                                      const ResampleTaps& taps,
                                                      typename Arithmetic::Value* out) {
  const int64_t size = taps.size();
  for (int64_t i = 0; i < size; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const auto* weights = Arithmetic::weights(taps) + taps.offset[at];
    const int64_t count = taps.count[at];
    const uint8_t* first = in + (taps.first[at] - taps.input_begin) * channels * kLanes;
    if (channels == 3) {
      typename Arithmetic::Sum red;
      typename Arithmetic::Sum green;
      typename Arithmetic::Sum blue;
      Arithmetic::begin(red);
      Arithmetic::begin(green);
      Arithmetic::begin(blue);
      for (int64_t k = 0; k < count; ++k) {
        Arithmetic::add(red, weights[k], first + 3 * k * kLanes);
        Arithmetic::add(green, weights[k], first + (3 * k + 1) * kLanes);
        Arithmetic::add(blue, weights[k], first + (3 * k + 2) * kLanes);
      }
      Arithmetic::finish(red, out + i * kLanes);
      Arithmetic::finish(green, out + (size + i) * kLanes);
      Arithmetic::finish(blue, out + (2 * size + i) * kLanes);
      continue;
    }
    for (int64_t c = 0; c < channels; ++c) {
      typename Arithmetic::Sum sum;
      Arithmetic::begin(sum);
      for (int64_t k = 0; k < count; ++k) {
        Arithmetic::add(sum, weights[k], first + (channels * k + c) * kLanes);
      }
      Arithmetic::finish(sum, out + (c * size + i) * kLanes);
    }
  }
}

/// One output row from `count` input rows of `stride` values; columns [0, width), width % 64 == 0.
template <typename Arithmetic>
inline __attribute__((always_inline)) void along_columns(const typename Arithmetic::Value* rows,
                                                         int64_t stride,
                                                         const typename Arithmetic::Weight* weights,
                                                         int64_t count,
                                                         int64_t width,
                                                         typename Arithmetic::Value* out) {
  for (int64_t x = 0; x < width; x += 4 * kLanes) {
    typename Arithmetic::Sum sums[4];
    for (auto& sum : sums) Arithmetic::begin(sum);
    for (int64_t k = 0; k < count; ++k) {
      const auto* values = rows + k * stride + x;
      for (int64_t j = 0; j < 4; ++j) Arithmetic::add(sums[j], weights[k], values + j * kLanes);
    }
    for (int64_t j = 0; j < 4; ++j) Arithmetic::finish(sums[j], out + x + j * kLanes);
  }
}

PHYSPROBE_SIMD_CLONES
void rows_pass(const uint8_t* in, int64_t channels, const ResampleTaps& taps, uint8_t* out) {
  along_rows<FixedPoint>(in, channels, taps, out);
}
PHYSPROBE_SIMD_CLONES
void rows_pass(const uint8_t* in, int64_t channels, const ResampleTaps& taps, float* out) {
  along_rows<FloatingPoint>(in, channels, taps, out);
}
PHYSPROBE_SIMD_CLONES
void columns_pass(const uint8_t* rows,
                  int64_t stride,
                  const int32_t* weights,
                  int64_t count,
                  int64_t width,
                  uint8_t* out) {
  along_columns<FixedPoint>(rows, stride, weights, count, width, out);
}
PHYSPROBE_SIMD_CLONES
void columns_pass(const float* rows,
                  int64_t stride,
                  const float* weights,
                  int64_t count,
                  int64_t width,
                  float* out) {
  along_columns<FloatingPoint>(rows, stride, weights, count, width, out);
}

/// Working memory of one thread, kept between frames: getting fresh pages from the system costs as
/// much as the arithmetic.
template <typename Value>
struct Scratch {
  std::vector<uint8_t> columns;  // 16 input rows, transposed
  std::vector<uint8_t> tails;    // ends of 16 input rows, padded
  std::vector<Value> block;      // 16 resampled rows, transposed
  std::vector<Value> rows;       // all resampled rows
  std::vector<Value> out;        // one output row
};

/// Transposes 16 rows' bytes [begin, begin + count); the last, partial piece goes through a padded
/// copy, so that nothing is read behind the picture.
void gather_columns(const uint8_t* const* rows,
                    int64_t begin,
                    int64_t count,
                    std::vector<uint8_t>& tails,
                    uint8_t* columns) {
  const uint8_t* whole[kLanes];
  for (int64_t i = 0; i < kLanes; ++i) whole[i] = rows[i] + begin;
  const int64_t whole_bytes = count / kLanes * kLanes;
  transpose_rows(whole, whole_bytes, columns);
  if (whole_bytes == count) return;
  const uint8_t* padded[kLanes];
  for (int64_t i = 0; i < kLanes; ++i) {
    uint8_t* tail = tails.data() + i * kLanes;
    std::memcpy(tail, whole[i] + whole_bytes, static_cast<std::size_t>(count - whole_bytes));
    padded[i] = tail;
  }
  transpose_rows(padded, kLanes, columns + whole_bytes * kLanes);
}

template <typename Arithmetic>
void resample(const PixelWindow& window,
              const ResampleTaps& columns,
              const ResampleTaps& rows,
              const std::function<void(int64_t, const typename Arithmetic::Value*)>& sink) {
  static thread_local Scratch<typename Arithmetic::Value> scratch;
  const int64_t out_width = columns.size() * window.channels;
  const int64_t stride = round_up(out_width, 4 * kLanes);
  const int64_t n_rows = rows.input_end - rows.input_begin;
  const int64_t input_bytes = (columns.input_end - columns.input_begin) * window.channels;
  const auto resize = [](auto& memory, int64_t size) {
    if (memory.size() < static_cast<std::size_t>(size))
      memory.resize(static_cast<std::size_t>(size));
  };
  resize(scratch.columns, round_up(input_bytes, kLanes) * kLanes);
  resize(scratch.tails, kLanes * kLanes);
  resize(scratch.block, stride * kLanes);
  resize(scratch.rows, stride * round_up(n_rows, kLanes));
  resize(scratch.out, stride);

  for (int64_t y = 0; y < n_rows; y += kLanes) {
    const uint8_t* block_rows[kLanes];
    for (int64_t i = 0; i < kLanes; ++i) {
      const int64_t row = std::min(y + i, n_rows - 1) + rows.input_begin;
      block_rows[i] = window.origin + row * window.row_bytes;
    }
    gather_columns(block_rows, columns.input_begin * window.channels, input_bytes, scratch.tails,
                   scratch.columns.data());
    rows_pass(scratch.columns.data(), window.channels, columns, scratch.block.data());
    transpose_back(scratch.block.data(), round_up(out_width, kLanes),
                   scratch.rows.data() + y * stride, stride);
  }
  for (int64_t y = 0; y < rows.size(); ++y) {
    const auto at = static_cast<std::size_t>(y);
    columns_pass(scratch.rows.data() + (rows.first[at] - rows.input_begin) * stride, stride,
                 Arithmetic::weights(rows) + rows.offset[at], rows.count[at], stride,
                 scratch.out.data());
    sink(y, scratch.out.data());
  }
}

}  // namespace

void resample_bytes(const PixelWindow& window,
                    const ResampleTaps& columns,
                    const ResampleTaps& rows,
                    const ByteRowSink& sink) {
  resample<FixedPoint>(window, columns, rows, sink);
}

void resample_floats(const PixelWindow& window,
                     const ResampleTaps& columns,
                     const ResampleTaps& rows,
                     const FloatRowSink& sink) {
  resample<FloatingPoint>(window, columns, rows, sink);
}

}  // namespace physprobe
