#include "physprobe/eval/physics_iq/frame_resize.h"

#include "physprobe/eval/physics_iq/motion_kernels.h"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>

namespace physprobe {

void resize_for_metrics(const uint8_t* image,
                        int64_t height,
                        int64_t width,
                        int channels,
                        uint8_t* out,
                        int64_t out_height,
                        int64_t out_width) {
  const int type = CV_MAKETYPE(CV_8U, channels);
  const cv::Mat in(static_cast<int>(height), static_cast<int>(width), type,
                   const_cast<uint8_t*>(image));
  cv::Mat result(static_cast<int>(out_height), static_cast<int>(out_width), type, out);
  cv::resize(in, result, result.size(), 0, 0, cv::INTER_LINEAR);
}

FrameShrinker::FrameShrinker(int64_t height, int64_t width, int64_t out_height, int64_t out_width)
    : height_(height),
      width_(width),
      out_height_(out_height),
      out_width_(out_width),
      is_quarter_(height == 4 * out_height && width == 4 * out_width),
      whole_(static_cast<std::size_t>(is_quarter_ ? 0 : height * width * 3)),
      small_(static_cast<std::size_t>(out_height * out_width * 3)) {}

void FrameShrinker::push_rows(const uint8_t* rgb,
                              int64_t row_bytes,
                              int64_t first_row,
                              int64_t rows) {
  if (!is_quarter_) {
    for (int64_t y = 0; y < rows; ++y)
      std::copy_n(rgb + y * row_bytes, 3 * width_, whole_.data() + (first_row + y) * 3 * width_);
    return;
  }
  for (int64_t y = 0; y + 4 <= rows; y += 4)
    motion_kernels().quarter_row(rgb + (y + 1) * row_bytes, rgb + (y + 2) * row_bytes, out_width_,
                                 small_.data() + (first_row + y) / 4 * out_width_ * 3);
}

const uint8_t* FrameShrinker::frame() {
  if (!is_quarter_)
    resize_for_metrics(whole_.data(), height_, width_, 3, small_.data(), out_height_, out_width_);
  return small_.data();
}

}  // namespace physprobe
