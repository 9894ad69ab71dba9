#pragma once
// Decoded pictures to packed 8-bit RGB, equal to the bytes of OpenCV's VideoCapture. swscale's
// bytes depend on its flags and on the alignment of rows, so both are part of the definition.
// Internal to `video/`.

#include "physprobe/video/ffmpeg_handles.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace physprobe {

class ColourConversion {
 public:
  /// Writes `frame` as packed RGB, (height, width, 3) uint8, to `out`.
  void to_rgb(const AVFrame& frame, uint8_t* out);

 private:
  void prepare(const AVFrame& frame);

  UniqueSwsContext context_;
  AVPixelFormat source_format_ = AV_PIX_FMT_NONE;
  AVPixelFormat target_format_ = AV_PIX_FMT_NONE;
  int width_ = 0;
  int height_ = 0;
  at::Tensor padded_rows_;  // undefined when rows are aligned as they are
};

/// Bits per colour component of a pixel format; 8 if unknown.
int component_depth(AVPixelFormat format);

}  // namespace physprobe
