#include "physprobe/video/resample_passes.h"

#include "physprobe/video/pixel_kernels.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace physprobe {
namespace {

constexpr int64_t kLanes = PixelKernels::kLanes;
static_assert(PixelKernels::kPrecisionBits == kPillowPrecisionBits);

int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// What distinguishes Pillow's bytes from torch's floats: the weights' type and the kernels.
struct FixedPoint {
  using Value = uint8_t;
  using Weight = int32_t;
  static const Weight* weights(const ResampleTaps& taps) { return taps.fixed_weights.data(); }
  static auto transpose_back(const PixelKernels& k) { return k.transpose_back_bytes; }
  static auto rows_pass(const PixelKernels& k) { return k.rows_pass_bytes; }
  static auto columns_pass(const PixelKernels& k) { return k.columns_pass_bytes; }
};

struct FloatingPoint {
  using Value = float;
  using Weight = float;
  static const Weight* weights(const ResampleTaps& taps) { return taps.weights.data(); }
  static auto transpose_back(const PixelKernels& k) { return k.transpose_back_floats; }
  static auto rows_pass(const PixelKernels& k) { return k.rows_pass_floats; }
  static auto columns_pass(const PixelKernels& k) { return k.columns_pass_floats; }
};

/// Working memory of one thread, kept between frames: getting fresh pages from the system costs as
/// much as the arithmetic.
template <typename Value>
struct Scratch {
  std::vector<uint8_t> columns;       // 16 input rows, transposed
  std::vector<uint8_t> tails;         // ends of 16 input rows, padded
  std::vector<int32_t> first_column;  // taps.first from the first input position used
  std::vector<Value> block;           // 16 resampled rows, transposed
  std::vector<Value> rows;            // all resampled rows
  std::vector<Value> out;             // one output row
};

template <typename T>
void reserve(std::vector<T>& memory, int64_t size) {
  if (memory.size() < static_cast<std::size_t>(size)) memory.resize(static_cast<std::size_t>(size));
}

/// Transposes 16 rows' bytes [begin, begin + count); the last, partial piece goes through a padded
/// copy, so that nothing is read behind the picture.
void gather_columns(const PixelKernels& kernels,
                    const uint8_t* const* rows,
                    int64_t begin,
                    int64_t count,
                    std::vector<uint8_t>& tails,
                    uint8_t* columns) {
  const uint8_t* whole[kLanes];
  for (int64_t i = 0; i < kLanes; ++i) whole[i] = rows[i] + begin;
  const int64_t whole_bytes = count / kLanes * kLanes;
  kernels.transpose_rows(whole, whole_bytes, columns);
  if (whole_bytes == count) return;
  const uint8_t* padded[kLanes];
  for (int64_t i = 0; i < kLanes; ++i) {
    uint8_t* tail = tails.data() + i * kLanes;
    std::memcpy(tail, whole[i] + whole_bytes, static_cast<std::size_t>(count - whole_bytes));
    padded[i] = tail;
  }
  kernels.transpose_rows(padded, kLanes, columns + whole_bytes * kLanes);
}

template <typename Arithmetic>
void resample(const PixelWindow& window,
              const ResampleTaps& columns,
              const ResampleTaps& rows,
              const std::function<void(int64_t, const typename Arithmetic::Value*)>& sink) {
  static thread_local Scratch<typename Arithmetic::Value> scratch;
  const PixelKernels& kernels = pixel_kernels();
  const int64_t out_width = columns.size() * window.channels;
  const int64_t stride = round_up(out_width, PixelKernels::kColumnBlock);
  const int64_t n_rows = rows.input_end - rows.input_begin;
  const int64_t input_bytes = (columns.input_end - columns.input_begin) * window.channels;
  reserve(scratch.columns, round_up(input_bytes, kLanes) * kLanes);
  reserve(scratch.tails, kLanes * kLanes);
  reserve(scratch.block, stride * kLanes);
  reserve(scratch.rows, stride * round_up(n_rows, kLanes));
  reserve(scratch.out, stride);
  scratch.first_column = columns.first;
  for (int32_t& first : scratch.first_column) first -= columns.input_begin;

  TapsView<typename Arithmetic::Weight> taps;
  taps.size = columns.size();
  taps.first = scratch.first_column.data();
  taps.count = columns.count.data();
  taps.offset = columns.offset.data();
  taps.weights = Arithmetic::weights(columns);
  for (int64_t y = 0; y < n_rows; y += kLanes) {
    const uint8_t* block_rows[kLanes];
    for (int64_t i = 0; i < kLanes; ++i) {
      const int64_t row = std::min(y + i, n_rows - 1) + rows.input_begin;
      block_rows[i] = window.origin + row * window.row_bytes;
    }
    gather_columns(kernels, block_rows, columns.input_begin * window.channels, input_bytes,
                   scratch.tails, scratch.columns.data());
    Arithmetic::rows_pass(kernels)(scratch.columns.data(), window.channels, taps,
                                   scratch.block.data());
    Arithmetic::transpose_back(kernels)(scratch.block.data(), round_up(out_width, kLanes),
                                        scratch.rows.data() + y * stride, stride);
  }
  for (int64_t y = 0; y < rows.size(); ++y) {
    const auto at = static_cast<std::size_t>(y);
    Arithmetic::columns_pass(kernels)(
        scratch.rows.data() + (rows.first[at] - rows.input_begin) * stride, stride,
        Arithmetic::weights(rows) + rows.offset[at], rows.count[at], stride, scratch.out.data());
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
