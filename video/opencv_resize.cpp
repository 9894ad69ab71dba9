#include "physprobe/video/opencv_resize.h"

#include <opencv2/imgproc.hpp>

#include <vector>

namespace physprobe {
namespace {

int interpolation(ResampleFilter filter) {
  switch (filter) {
    case ResampleFilter::kBilinear:
      return cv::INTER_LINEAR;
    case ResampleFilter::kBicubic:
      return cv::INTER_CUBIC;
    case ResampleFilter::kLanczos:
      return cv::INTER_LANCZOS4;
  }
  return cv::INTER_LINEAR;
}

}  // namespace

void resize_opencv(const PixelWindow& window,
                   int64_t height,
                   int64_t width,
                   ResampleFilter filter,
                   const KeptRectangle& kept,
                   const ByteRowSink& sink) {
  const cv::Mat source(static_cast<int>(window.height), static_cast<int>(window.width),
                       CV_8UC(static_cast<int>(window.channels)),
                       const_cast<uint8_t*>(window.origin),
                       static_cast<std::size_t>(window.row_bytes));
  cv::Mat resized = source;
  if (window.height != height || window.width != width) {
    cv::resize(source, resized, cv::Size(static_cast<int>(width), static_cast<int>(height)), 0.0,
               0.0, interpolation(filter));
  }
  std::vector<uint8_t> row(static_cast<std::size_t>(window.channels * kept.width));
  for (int64_t y = 0; y < kept.height; ++y) {
    const uint8_t* from =
        resized.ptr<uint8_t>(static_cast<int>(kept.top + y)) + kept.left * window.channels;
    for (int64_t x = 0; x < kept.width; ++x) {
      for (int64_t c = 0; c < window.channels; ++c) {
        row[static_cast<std::size_t>(c * kept.width + x)] = *from++;
      }
    }
    sink(y, row.data());
  }
}

}  // namespace physprobe
