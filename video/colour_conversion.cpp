#include "physprobe/video/colour_conversion.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include "physprobe/core/error.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstring>

namespace physprobe {
namespace {

// swscale takes other code paths for rows that are not aligned like this, with other bytes.
constexpr int kRowAlignment = 64;

int padded_row_bytes(int width) {
  return (width * 3 + kRowAlignment - 1) / kRowAlignment * kRowAlignment;
}

}  // namespace

int component_depth(AVPixelFormat format) {
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(format);
  return descriptor == nullptr || descriptor->nb_components == 0 ? 8 : descriptor->comp[0].depth;
}

void ColourConversion::prepare(const AVFrame& frame) {
  const auto format = static_cast<AVPixelFormat>(frame.format);
  if (context_ != nullptr && format == source_format_ && frame.width == width_ &&
      frame.height == height_) {
    return;
  }
  source_format_ = format;
  width_ = frame.width;
  height_ = frame.height;
  // OpenCV asks for BGR. For 8-bit pictures RGB gives the same bytes; above 8 bits swscale's two
  // paths differ.
  target_format_ = component_depth(format) > 8 ? AV_PIX_FMT_BGR24 : AV_PIX_FMT_RGB24;
  context_.reset(sws_getContext(width_, height_, format, width_, height_, target_format_,
                                SWS_BICUBIC, nullptr, nullptr, nullptr));
  if (context_ == nullptr) {
    throw Error(ErrorKind::kInput, "",
                fmt::format("pictures of format {} ({}x{}) cannot be converted to RGB",
                            av_get_pix_fmt_name(format) == nullptr ? "unknown"
                                                                   : av_get_pix_fmt_name(format),
                            width_, height_));
  }
  padded_rows_ = at::empty({height_, padded_row_bytes(width_)}, at::kByte);
}

void ColourConversion::to_rgb(const AVFrame& frame, uint8_t* out) {
  prepare(frame);
  const int padded = padded_row_bytes(width_);
  const bool is_direct =
      padded == width_ * 3 && reinterpret_cast<uintptr_t>(out) % kRowAlignment == 0;
  uint8_t* target = is_direct ? out : padded_rows_.data_ptr<uint8_t>();
  uint8_t* const planes[4] = {target, nullptr, nullptr, nullptr};
  const int strides[4] = {padded, 0, 0, 0};
  sws_scale(context_.get(), frame.data, frame.linesize, 0, height_, planes, strides);
  const auto row_bytes = static_cast<std::size_t>(width_) * 3;
  if (!is_direct) {
    for (int y = 0; y < height_; ++y) {
      std::memcpy(out + static_cast<std::size_t>(y) * row_bytes,
                  target + static_cast<std::ptrdiff_t>(y) * padded, row_bytes);
    }
  }
  if (target_format_ == AV_PIX_FMT_BGR24) {
    uint8_t* const end = out + row_bytes * static_cast<std::size_t>(height_);
    for (uint8_t* pixel = out; pixel < end; pixel += 3) std::swap(pixel[0], pixel[2]);
  }
}

}  // namespace physprobe
