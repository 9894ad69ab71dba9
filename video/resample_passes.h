#pragma once
// The two passes of a separable resize over interleaved 8-bit pictures: first along rows, then
// along columns, as Pillow does. Sixteen rows are worked on side by side, which vectorises without
// reordering any sum: the result is the same bits on every CPU. Internal to `video/`.

#include "physprobe/video/resample_taps.h"

#include <cstdint>
#include <functional>

namespace physprobe {

/// A rectangle of an interleaved 8-bit picture.
struct PixelWindow {
  const uint8_t* origin = nullptr;
  int64_t row_bytes = 0;  ///< From one row to the next.
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;
};

/// Receives output row `y` as `channels` runs of the output's width, one after the other.
using ByteRowSink = std::function<void(int64_t y, const uint8_t* row)>;
using FloatRowSink = std::function<void(int64_t y, const float* row)>;

/// Pillow's arithmetic: fixed point, rounded to 8 bits after each pass.
void resample_bytes(const PixelWindow& window,
                    const ResampleTaps& columns,
                    const ResampleTaps& rows,
                    const ByteRowSink& sink);

/// float32 without rounding or clamping in between; values stay in units of 0 to 255.
void resample_floats(const PixelWindow& window,
                     const ResampleTaps& columns,
                     const ResampleTaps& rows,
                     const FloatRowSink& sink);

}  // namespace physprobe
