#include "physprobe/core/error.h"
#include "physprobe/video/video_writer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <vector>

namespace physprobe {
namespace {

std::string encode(const at::Tensor& image,
                   const char* extension,
                   const std::vector<int>& parameters) {
  if (image.dim() != 3 || image.size(2) != 3 || image.scalar_type() != at::kByte) {
    throw Error(ErrorKind::kUsage, "image", "must be (height, width, 3) uint8 RGB");
  }
  const at::Tensor packed = image.contiguous();
  const cv::Mat rgb(static_cast<int>(packed.size(0)), static_cast<int>(packed.size(1)), CV_8UC3,
                    packed.data_ptr<uint8_t>());
  cv::Mat bgr;
  std::vector<unsigned char> bytes;
  try {
    cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
    cv::imencode(extension, bgr, bytes, parameters);
  } catch (const cv::Exception& error) {
    throw Error(ErrorKind::kInternal, "image",
                fmt::format("cannot be encoded as {}: {}", extension, error.what()));
  }
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace

std::string encode_jpeg(const at::Tensor& image, int quality) {
  if (quality < 1 || quality > 100)
    throw Error(ErrorKind::kUsage, "quality", fmt::format("is {}, expected 1 to 100", quality));
  return encode(image, ".jpg", {cv::IMWRITE_JPEG_QUALITY, quality});
}

std::string encode_png(const at::Tensor& image) {
  return encode(image, ".png", {});
}

}  // namespace physprobe
