#include "physprobe/video/image_file.h"

#include "physprobe/core/error.h"
#include "physprobe/video/video_writer.h"

#include <fmt/format.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <vector>

namespace physprobe {
namespace {

constexpr std::string_view kPngSignature("\x89PNG\r\n\x1a\n", 8);

int64_t byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<int64_t>(static_cast<unsigned char>(bytes[i]));
}

int64_t big_endian(std::string_view bytes, std::size_t at, std::size_t count) {
  int64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | byte_at(bytes, at + i);
  return value;
}

/// The frame header of a JPEG file, found by walking its segments; {0, 0} if there is none.
std::pair<int64_t, int64_t> jpeg_size(std::string_view bytes) {
  std::size_t at = 2;
  while (at + 9 < bytes.size()) {
    if (byte_at(bytes, at) != 0xFF) return {0, 0};
    const int64_t marker = byte_at(bytes, at + 1);
    if (marker == 0xFF) {
      ++at;
      continue;
    }
    const bool is_frame_header =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (is_frame_header) return {big_endian(bytes, at + 5, 2), big_endian(bytes, at + 7, 2)};
    at += 2 + static_cast<std::size_t>(big_endian(bytes, at + 2, 2));
  }
  return {0, 0};
}

/// OpenCV reads a truncated PNG or JPEG as a picture with a grey rest; complete files end like
/// this.
bool is_cut_off(std::string_view bytes) {
  if (bytes.substr(0, 8) == kPngSignature) {
    return bytes.find("IEND", bytes.size() < 64 ? 0 : bytes.size() - 64) == std::string_view::npos;
  }
  if (bytes.substr(0, 2) == "\xFF\xD8") return bytes.rfind("\xFF\xD9") == std::string_view::npos;
  return false;
}

}  // namespace

std::pair<int64_t, int64_t> image_size(const std::string& path, std::string_view bytes) {
  std::pair<int64_t, int64_t> size{0, 0};
  if (bytes.size() >= 24 && bytes.substr(0, 8) == kPngSignature) {
    size = {big_endian(bytes, 20, 4), big_endian(bytes, 16, 4)};
  } else if (bytes.substr(0, 2) == "\xFF\xD8") {
    size = jpeg_size(bytes);
  } else if (bytes.size() >= 26 && bytes.substr(0, 2) == "BM") {
    const auto little_endian = [&](std::size_t at) {
      uint32_t value = 0;
      for (std::size_t i = 4; i > 0; --i) {
        value = value << 8 | static_cast<uint32_t>(byte_at(bytes, at + i - 1));
      }
      return static_cast<int64_t>(static_cast<int32_t>(value));
    };
    size = {std::abs(little_endian(22)), little_endian(18)};  // negative height: stored top down
  }
  if (size.first <= 0 || size.second <= 0) {
    throw Error(ErrorKind::kInput, path,
                bytes.empty() ? "is empty (0 bytes)" : "is not a readable PNG, JPEG or BMP image");
  }
  return size;
}

void decode_image(
    const std::string& path, std::string_view bytes, int64_t height, int64_t width, uint8_t* out) {
  if (is_cut_off(bytes)) {
    throw Error(ErrorKind::kInput, path, "is cut off: its end marker is missing; copy it again");
  }
  cv::Mat decoded;
  try {
    const std::vector<uint8_t> buffer(bytes.begin(), bytes.end());
    decoded = cv::imdecode(buffer, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
  } catch (const cv::Exception& error) {
    throw Error(ErrorKind::kInput, path, fmt::format("cannot be decoded ({})", error.err));
  }
  if (decoded.empty() || decoded.rows != height || decoded.cols != width) {
    throw Error(ErrorKind::kInput, path, "cannot be decoded; the image is damaged");
  }
  cv::Mat rgb(decoded.rows, decoded.cols, CV_8UC3, out);
  cv::cvtColor(decoded, rgb, cv::COLOR_BGR2RGB);
}

namespace {

std::string encode(const PictureView& image,
                   const char* extension,
                   const std::vector<int>& settings) {
  if (image.rgb == nullptr || image.height <= 0 || image.width <= 0)
    throw Error(ErrorKind::kUsage, "image", "expected a non-empty picture");
  const cv::Mat view(static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3,
                     const_cast<uint8_t*>(image.rgb), static_cast<std::size_t>(image.row_bytes));
  std::vector<uint8_t> bytes;
  try {
    cv::Mat bgr;
    cv::cvtColor(view, bgr, cv::COLOR_RGB2BGR);
    if (!cv::imencode(extension, bgr, bytes, settings)) bytes.clear();
  } catch (const cv::Exception& error) {
    throw Error(ErrorKind::kInternal, "image",
                fmt::format("cannot be encoded as {} ({})", extension, error.err));
  }
  if (bytes.empty()) {
    throw Error(ErrorKind::kInternal, "image", fmt::format("cannot be encoded as {}", extension));
  }
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::string encode_jpeg(const PictureView& image, int quality) {
  if (quality < 1 || quality > 100) {
    throw Error(ErrorKind::kUsage, "quality", fmt::format("is {}; JPEG accepts 1 to 100", quality));
  }
  return encode(image, ".jpg", {cv::IMWRITE_JPEG_QUALITY, quality});
}

std::string encode_png(const PictureView& image) {
  constexpr int kCompression = 6;
  return encode(image, ".png", {cv::IMWRITE_PNG_COMPRESSION, kCompression});
}

}  // namespace physprobe
