#include "physprobe/video/colour_conversion.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include "physprobe/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <tuple>

namespace physprobe {
namespace {

// swscale takes other code paths for rows that are not aligned like this, with other bytes.
constexpr int kRowAlignment = AlignedBytes::kAlignment;
// Its vector code writes whole blocks of pixels; where the row has no room for the last block it
// leaves the remaining pixels unwritten.
constexpr int kBlockPixels = 32;
constexpr int kBandRowStep = 4;         // bands begin at multiples of it
constexpr int kBandBytes = 192 * 1024;  // of RGB: stays in a second-level cache beside its source

int round_up(int value, int multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

int padded_row_bytes(int width) {
  return round_up(round_up(width, kBlockPixels) * 3, kRowAlignment);
}

/// True if the whole coded picture lies inside the frame's memory, also the part that is not shown.
bool holds_coded_picture(const AVFrame& frame, const CodedSize& coded) {
  const auto format = static_cast<AVPixelFormat>(frame.format);
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(format);
  if (descriptor == nullptr || coded.width < frame.width || coded.height < frame.height)
    return false;
  for (int plane = 0; plane < av_pix_fmt_count_planes(format); ++plane) {
    const AVBufferRef* buffer = av_frame_get_plane_buffer(const_cast<AVFrame*>(&frame),
                                                          plane);  // not const before FFmpeg 6
    const bool is_chroma = plane == 1 || plane == 2;
    const int rows =
        is_chroma ? AV_CEIL_RSHIFT(coded.height, descriptor->log2_chroma_h) : coded.height;
    const int row_bytes = av_image_get_linesize(format, coded.width, plane);
    const int stride = frame.linesize[plane];
    if (buffer == nullptr || row_bytes <= 0 || stride < row_bytes) return false;
    const auto available = static_cast<int64_t>(buffer->size) - (frame.data[plane] - buffer->data);
    if (static_cast<int64_t>(rows - 1) * stride + row_bytes > available) return false;
  }
  return true;
}

/// swscale's fast path, which takes pairs of rows by themselves: rows below play no part.
bool converts_pairs_of_rows(int format, int height) {
  const bool is_fast = format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P ||
                       format == AV_PIX_FMT_YUV422P || format == AV_PIX_FMT_YUVJ422P;
  return is_fast && height % 2 == 0;
}

/// The size to convert: OpenCV takes the coded picture and cuts afterwards.
CodedSize converted_size(const AVFrame& frame, const CodedSize& coded) {
  if (!holds_coded_picture(frame, coded)) return {frame.width, frame.height};
  if (converts_pairs_of_rows(frame.format, frame.height)) return {coded.width, frame.height};
  return coded;
}

}  // namespace

int component_depth(AVPixelFormat format) {
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(format);
  return descriptor == nullptr || descriptor->nb_components == 0 ? 8 : descriptor->comp[0].depth;
}

bool ColourConversion::Source::operator==(const Source& other) const {
  return std::tie(format, colour_space, colour_range, width, height) ==
         std::tie(other.format, other.colour_space, other.colour_range, other.width, other.height);
}

void ColourConversion::prepare(const Source& source) {
  if (context_ != nullptr && source == source_) return;
  source_ = source;
  const auto format = static_cast<AVPixelFormat>(source.format);
  // OpenCV asks for BGR. For 8-bit pictures RGB gives the same bytes; above 8 bits swscale's two
  // paths differ.
  target_format_ = component_depth(format) > 8 ? AV_PIX_FMT_BGR24 : AV_PIX_FMT_RGB24;
  context_.reset(sws_getContext(source.width, source.height, format, source.width, source.height,
                                target_format_, SWS_BICUBIC, nullptr, nullptr, nullptr));
  if (context_ == nullptr) {
    throw Error(ErrorKind::kInput, "",
                fmt::format("pictures of format {} ({}x{}) cannot be converted to RGB",
                            av_get_pix_fmt_name(format) == nullptr ? "unknown"
                                                                   : av_get_pix_fmt_name(format),
                            source.width, source.height));
  }
  if (tags_ == ColourTags::kHonoured) apply_tags(source);
}

uint8_t* ColourConversion::padded_rows(int rows) {
  padded_rows_.require(int64_t{rows} * padded_row_bytes(source_.width));
  return padded_rows_.data();
}

void ColourConversion::apply_tags(const Source& source) {
  int* inverse_table = nullptr;
  int* table = nullptr;
  int is_full_in = 0;
  int is_full_out = 0;
  int brightness = 0;
  int contrast = 0;
  int saturation = 0;
  // Fails for formats without such details (RGB inside), which need none.
  if (sws_getColorspaceDetails(context_.get(), &inverse_table, &is_full_in, &table, &is_full_out,
                               &brightness, &contrast, &saturation) < 0) {
    return;
  }
  const int* const tagged = sws_getCoefficients(source.colour_space);
  const int tagged_full = source.colour_range == AVCOL_RANGE_UNSPECIFIED
                              ? is_full_in
                              : source.colour_range == AVCOL_RANGE_JPEG;
  const bool is_same =
      std::memcmp(tagged, inverse_table, 4 * sizeof(int)) == 0 && tagged_full == is_full_in;
  if (is_same) return;
  sws_setColorspaceDetails(context_.get(), tagged, tagged_full, table, is_full_out, brightness,
                           contrast, saturation);
}

void ColourConversion::to_rgb(const AVFrame& frame, const CodedSize& coded, uint8_t* out) {
  const CodedSize size = converted_size(frame, coded);
  prepare({frame.format, frame.colorspace, frame.color_range, size.width, size.height});
  const int row_bytes = frame.width * 3;
  const int padded = padded_row_bytes(size.width);
  const bool is_direct = padded == row_bytes && size.height == frame.height &&
                         reinterpret_cast<uintptr_t>(out) % kRowAlignment == 0;
  uint8_t* target = is_direct ? out : padded_rows(size.height);
  uint8_t* const planes[4] = {target, nullptr, nullptr, nullptr};
  const int strides[4] = {padded, 0, 0, 0};
  sws_scale(context_.get(), frame.data, frame.linesize, 0, size.height, planes, strides);
  if (!is_direct) {
    for (int y = 0; y < frame.height; ++y) {
      std::memcpy(out + static_cast<std::ptrdiff_t>(y) * row_bytes,
                  target + static_cast<std::ptrdiff_t>(y) * padded,
                  static_cast<std::size_t>(row_bytes));
    }
  }
  if (target_format_ == AV_PIX_FMT_BGR24) {
    uint8_t* const end = out + static_cast<std::ptrdiff_t>(row_bytes) * frame.height;
    for (uint8_t* pixel = out; pixel < end; pixel += 3) std::swap(pixel[0], pixel[2]);
  }
}

bool ColourConversion::converts_in_bands(const AVFrame& frame) {
  return converts_pairs_of_rows(frame.format, frame.height);
}

bool ColourConversion::to_rgb_bands(
    const AVFrame& frame,
    const CodedSize& coded,
    const std::function<bool(int, int, const uint8_t*, int)>& body) {
  const CodedSize size = converted_size(frame, coded);
  const int padded = padded_row_bytes(size.width);
  prepare({frame.format, frame.colorspace, frame.color_range, size.width, size.height});
  const AVPixFmtDescriptor& format = *av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  const int most_rows = std::max(kBandRowStep, kBandBytes / padded / kBandRowStep * kBandRowStep);
  uint8_t* const band = padded_rows(std::min(most_rows, size.height));
  for (int top = 0; top < size.height; top += most_rows) {
    const int rows = std::min(most_rows, size.height - top);
    const uint8_t* source[4] = {};
    for (int plane = 0; plane < 3; ++plane) {
      const int row = plane == 0 ? top : top >> format.log2_chroma_h;
      source[plane] = frame.data[plane] + static_cast<std::ptrdiff_t>(row) * frame.linesize[plane];
    }
    // swscale finds the place of a band in the picture itself, from the picture's first row.
    uint8_t* const planes[4] = {band - static_cast<std::ptrdiff_t>(top) * padded, nullptr, nullptr,
                                nullptr};
    const int strides[4] = {padded, 0, 0, 0};
    if (sws_scale(context_.get(), source, frame.linesize, top, rows, planes, strides) != rows)
      throw Error(ErrorKind::kInternal, "", "swscale did not convert a band of rows by itself");
    if (!body(top, rows, band, padded)) {
      context_.reset();  // it waits for the rows below
      return false;
    }
  }
  return true;
}

}  // namespace physprobe
