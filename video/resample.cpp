#include "physprobe/video/resample.h"

#include "physprobe/core/error.h"
#include "physprobe/video/resample_passes.h"
#include "physprobe/video/resample_taps.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <cstring>

namespace physprobe {
namespace {

constexpr int64_t kMaxSide = 1 << 20;

at::Tensor checked(const at::Tensor& image, int64_t height, int64_t width) {
  if (image.dim() != 3 || image.scalar_type() != at::kByte || image.numel() == 0) {
    throw Error(
        ErrorKind::kUsage, "resize",
        fmt::format("expected a non-empty (H, W, C) uint8 image, got {} dimensions of type {}",
                    image.dim(), at::toString(image.scalar_type())));
  }
  if (height < 1 || width < 1 || height > kMaxSide || width > kMaxSide) {
    throw Error(ErrorKind::kUsage, "resize",
                fmt::format("a size of {}x{} was asked for; each side has to be 1 to {}", width,
                            height, kMaxSide));
  }
  return image.contiguous();
}

PixelWindow whole(const at::Tensor& image) {
  PixelWindow window;
  window.origin = image.data_ptr<uint8_t>();
  window.height = image.size(0);
  window.width = image.size(1);
  window.channels = image.size(2);
  window.row_bytes = window.width * window.channels;
  return window;
}

at::Tensor resize_float(const at::Tensor& image,
                        int64_t height,
                        int64_t width,
                        ResampleFilter filter,
                        ResampleArithmetic arithmetic) {
  const at::Tensor source = checked(image, height, width);
  const PixelWindow window = whole(source);
  const ResampleTaps columns =
      make_resample_taps(window.width, width, 0, width, filter, arithmetic);
  const ResampleTaps rows =
      make_resample_taps(window.height, height, 0, height, filter, arithmetic);
  at::Tensor out = at::empty({window.channels, height, width}, at::kFloat);
  float* const base = out.data_ptr<float>();
  resample_floats(window, columns, rows, [&](int64_t y, const float* row) {
    for (int64_t c = 0; c < window.channels; ++c) {
      float* target = base + (c * height + y) * width;
      for (int64_t x = 0; x < width; ++x) target[x] = row[c * width + x] / 255.0F;
    }
  });
  return out;
}

}  // namespace

at::Tensor resize_pillow(const at::Tensor& image,
                         int64_t height,
                         int64_t width,
                         ResampleFilter filter) {
  const at::Tensor source = checked(image, height, width);
  const PixelWindow window = whole(source);
  constexpr ResampleArithmetic kArithmetic = ResampleArithmetic::kPillowUint8;
  const ResampleTaps columns =
      make_resample_taps(window.width, width, 0, width, filter, kArithmetic);
  const ResampleTaps rows =
      make_resample_taps(window.height, height, 0, height, filter, kArithmetic);
  at::Tensor out = at::empty({height, width, window.channels}, at::kByte);
  uint8_t* const base = out.data_ptr<uint8_t>();
  resample_bytes(window, columns, rows, [&](int64_t y, const uint8_t* row) {
    uint8_t* target = base + y * width * window.channels;
    for (int64_t x = 0; x < width; ++x) {
      for (int64_t c = 0; c < window.channels; ++c) *target++ = row[c * width + x];
    }
  });
  return out;
}

at::Tensor resize_float_antialias(const at::Tensor& image,
                                  int64_t height,
                                  int64_t width,
                                  ResampleFilter filter) {
  return resize_float(image, height, width, filter, ResampleArithmetic::kFloatAntialias);
}

at::Tensor resize_float_plain(const at::Tensor& image,
                              int64_t height,
                              int64_t width,
                              ResampleFilter filter) {
  return resize_float(image, height, width, filter, ResampleArithmetic::kFloatPlain);
}

}  // namespace physprobe
