#pragma once
// Shrinking to the size at which Physics-IQ compares: bilinear on 8-bit data with half-pixel
// centres and without antialiasing, OpenCV's arithmetic.

#include <cstdint>

namespace physprobe {

/// A pixel of a resized mask is set above this, as the evaluator has it.
inline constexpr int kMaskSetAbove = 127;

/// (height, width, channels) -> (out_height, out_width, channels), packed.
void resize_for_metrics(const uint8_t* image,
                        int64_t height,
                        int64_t width,
                        int channels,
                        uint8_t* out,
                        int64_t out_height,
                        int64_t out_width);

}  // namespace physprobe
