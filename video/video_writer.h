#pragma once
// Writes small videos and stills: rendered worlds, report clips and thumbnails. Single-threaded
// encoding, no timestamps or versions inside: equal frames give an equal file on the same
// libraries.

#include "physprobe/video/picture_view.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace at {
class Tensor;
}

namespace physprobe {

struct VideoWriterOptions {
  double fps = 25.0;
  std::string codec =
      "auto";  ///< "auto" (first of h264, vp8, mpeg4 present), "h264", "vp8", "mpeg4", "ffv1".
  int quality = 23;  ///< Constant quality: 0 (best) … 51, as x264's crf.
  void validate() const;
};

class VideoWriter {
 public:
  /// The container follows the extension (.mp4, .webm, .mkv). Odd sizes are written as they are in
  /// 4:4:4 when the codec can, else refused with Error(kUsage).
  static std::unique_ptr<VideoWriter> open(const std::string& path,
                                           int64_t width,
                                           int64_t height,
                                           const VideoWriterOptions& options = {});
  virtual ~VideoWriter() = default;
  virtual void write(const PictureView& frame) = 0;
  void write(const at::Tensor& frame);  ///< (H, W, 3) uint8 RGB.
  virtual void
  close() = 0;  ///< Finishes and renames into place; without it nothing is left behind.
};

/// Which of "h264", "vp8", "mpeg4", "ffv1", … can be written / read here; for `doctor`.
std::vector<std::string> available_encoders();
std::vector<std::string> available_decoders();

/// What equal bytes depend on, as "libavcodec 59.37.100"; for cache keys and provenance.
std::string video_writer_version();

/// JPEG bytes; quality 1 to 100.
std::string encode_jpeg(const PictureView& image, int quality);
/// The same of an (H, W, 3) uint8 RGB tensor.
std::string encode_jpeg(const at::Tensor& image, int quality);
/// PNG bytes.
std::string encode_png(const PictureView& image);
std::string encode_png(const at::Tensor& image);
/// Decodes PNG/JPEG/… bytes or file to (H, W, 3) uint8 RGB; Error(kInput) if unreadable.
at::Tensor read_image(const std::string& path);

}  // namespace physprobe
