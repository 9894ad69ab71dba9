#pragma once
// The mask codec of the official evaluator: masks are written as MPEG-4 part 2 video ("mp4v")
// through OpenCV's writer and read back, which changes a few pixels in a thousand. Published real
// masks are such files.

#include "physprobe/eval/physics_iq/mask_stack.h"
#include "physprobe/eval/physics_iq/motion_mask.h"

#include <cstdint>
#include <memory>
#include <string>

namespace physprobe {

enum class MaskPath {
  kMp4v,   ///< Written and re-read, as the official evaluator does.
  kDirect  ///< The masks themselves.
};

/// "mp4v", "direct"; Error(kUsage) for another name.
MaskPath mask_path_from_name(const std::string& name);
const char* mask_path_name(MaskPath path);

/// True if this build has OpenCV's video writer.
bool has_mask_codec();

class MaskVideoWriter {
 public:
  /// A grey mp4v file of `rate` frames a second; an odd last row or column is left out. Throws
  /// Error(kResource) if it cannot be opened, Error(kUsage) if this build has no writer.
  MaskVideoWriter(const std::string& path, int64_t height, int64_t width, int rate);
  ~MaskVideoWriter();
  MaskVideoWriter(const MaskVideoWriter&) = delete;
  MaskVideoWriter& operator=(const MaskVideoWriter&) = delete;

  void write(const BitImage& mask);
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The first `frames` masks of a mask video, shrunk to (height, width) and cut at > 127, from its
/// blue channel. Throws Error(kInput) if the file has fewer.
MaskStack read_mask_video(const std::string& path, int64_t frames, int64_t height, int64_t width);

/// OpenCV's version, part of the identity of masks that went through its codec.
std::string mask_codec_version();

}  // namespace physprobe
