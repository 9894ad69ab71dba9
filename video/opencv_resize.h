#pragma once
// OpenCV's resize of 8-bit pictures, for encoders whose own pipeline calls it: fixed point with
// weights of 11 bits, no antialiasing. Internal to `video/`.

#include "physprobe/core/preprocess_spec.h"
#include "physprobe/video/resample_passes.h"

#include <cstdint>

namespace physprobe {

/// What is kept of a resized picture.
struct KeptRectangle {
  int64_t top = 0;
  int64_t left = 0;
  int64_t height = 0;
  int64_t width = 0;
};

/// cv::resize by `filter` (linear, cubic, Lanczos over 8 pixels) of `window` to height x width, of
/// which `kept` goes to `sink` row by row. A picture of that size already is not touched.
void resize_opencv(const PixelWindow& window,
                   int64_t height,
                   int64_t width,
                   ResampleFilter filter,
                   const KeptRectangle& kept,
                   const ByteRowSink& sink);

}  // namespace physprobe
