// Pictures that are tensors, for image_file.h and video_writer.h.

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/video/image_file.h"
#include "physprobe/video/video_writer.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

namespace physprobe {
namespace {

constexpr int64_t kMaxImagePixels = int64_t{1} << 28;

bool is_picture(const at::Tensor& image) {
  return image.dim() == 3 && image.size(2) == 3 && image.scalar_type() == at::kByte &&
         image.numel() > 0;
}

PictureView view_of(const at::Tensor& contiguous) {
  return {contiguous.data_ptr<uint8_t>(), contiguous.size(0), contiguous.size(1),
          3 * contiguous.size(1)};
}

at::Tensor checked_picture(const at::Tensor& image) {
  if (!is_picture(image)) {
    throw Error(
        ErrorKind::kUsage, "image",
        fmt::format("expected a non-empty (H, W, 3) uint8 image, got {} dimensions of type {}",
                    image.dim(), at::toString(image.scalar_type())));
  }
  return image.contiguous();
}

}  // namespace

void VideoWriter::write(const at::Tensor& frame) {
  // What is no picture at all has the wrong size as well: the writer says which one it expects.
  if (!is_picture(frame)) return write(PictureView{});
  const at::Tensor rgb = frame.contiguous();
  write(view_of(rgb));
}

at::Tensor read_image(const std::string& path) {
  const std::string bytes = read_file(path);
  const auto [height, width] = image_size(path, bytes);
  if (height * width > kMaxImagePixels) {
    throw Error(
        ErrorKind::kResource, path,
        fmt::format("is {}x{} pixels, more than the {} accepted", width, height, kMaxImagePixels));
  }
  at::Tensor image = at::empty({height, width, 3}, at::kByte);
  decode_image(path, bytes, height, width, image.data_ptr<uint8_t>());
  return image;
}

std::string encode_jpeg(const at::Tensor& image, int quality) {
  const at::Tensor rgb = checked_picture(image);
  return encode_jpeg(view_of(rgb), quality);
}

std::string encode_png(const at::Tensor& image) {
  const at::Tensor rgb = checked_picture(image);
  return encode_png(view_of(rgb));
}

}  // namespace physprobe
