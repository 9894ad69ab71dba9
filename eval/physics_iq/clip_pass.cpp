#include "physprobe/eval/physics_iq/clip_pass.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/interrupt.h"
#include "physprobe/eval/embedding_pass.h"
#include "physprobe/eval/physics_iq/frame_resize.h"
#include "physprobe/eval/physics_iq/mask_shrink.h"
#include "physprobe/video/video_reader.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <numeric>
#include <optional>
#include <system_error>

namespace physprobe {
namespace {

/// The mask video of one clip, removed when it has been read back. Its folder has the temporary
/// name, as the video's has to end in .mp4: what a killed process leaves is found by that.
class ScratchMaskVideo {
 public:
  ScratchMaskVideo(const std::string& directory, int64_t height, int64_t width, int rate)
      : folder_(temporary_sibling(directory + "/masks")),
        writer_(path_in_new_folder(), height, width, rate) {}
  ~ScratchMaskVideo() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  ScratchMaskVideo(const ScratchMaskVideo&) = delete;
  ScratchMaskVideo& operator=(const ScratchMaskVideo&) = delete;

  void write(const BitImage& mask) { writer_.write(mask); }
  MaskStack read_back(const ClipOptions& options) {
    writer_.close();
    try {
      return read_mask_video(path(), options.frames, options.height, options.width);
    } catch (const Error& error) {
      // OpenCV's writer says nothing; nobody else has touched the file.
      throw Error(ErrorKind::kResource, path(),
                  "was not written whole (" + error.message() + "); is the disk full?");
    }
  }

 private:
  std::string path() const { return folder_ + "/masks.mp4"; }
  std::string path_in_new_folder() const {
    create_directories(folder_);
    return path();
  }

  std::string folder_;
  MaskVideoWriter writer_;
};

}  // namespace

std::unique_ptr<VideoReader> open_clip(const std::string& path, ColourTags colour_tags) {
  VideoOptions video;
  video.colour_tags = colour_tags;
  return VideoReader::open(path, video);
}

MaskStack pass_over_clip(VideoReader& reader,
                         const ClipOptions& options,
                         bool wants_masks,
                         const std::string& scratch_directory,
                         const std::function<void(int64_t, const uint8_t*)>& on_frame) {
  const VideoInfo& info = reader.info();
  if (info.frame_count < options.drop_first + options.frames)
    throw Error(ErrorKind::kInput, info.path,
                fmt::format("has {} frames, {} are needed{}", info.frame_count, options.frames,
                            options.drop_first > 0
                                ? fmt::format(" after the {} left out", options.drop_first)
                                : ""));
  std::vector<int64_t> indices(static_cast<std::size_t>(options.frames));
  std::iota(indices.begin(), indices.end(), options.drop_first);

  MaskStack stack(options.height, options.width);
  std::optional<ScratchMaskVideo> mask_video;
  std::optional<MotionMasker> masker;
  MaskShrinker shrinker(info.height, info.width, options.height, options.width);
  if (wants_masks) {
    if (options.mask_path == MaskPath::kMp4v)
      mask_video.emplace(scratch_directory, info.height, info.width,
                         static_cast<int>(std::lround(options.fps)));
    stack.reserve(options.frames);
    masker.emplace(info.height, info.width, options.threshold, [&](const BitImage& mask) {
      if (mask_video) {
        mask_video->write(mask);
      } else {
        shrinker.append(mask, stack);
      }
    });
  }
  FrameShrinker frame_shrinker(info.height, info.width, options.height, options.width);
  reader.for_each_band(indices, [&](const FrameBand& band) {
    if (interrupt_signal() != 0) throw Interrupted{};
    frame_shrinker.push_rows(band.rgb, band.row_bytes, band.first_row, band.rows);
    if (masker) masker->push_rows(band.rgb, band.row_bytes, band.rows);
    if (band.first_row + band.rows == info.height)
      on_frame(band.index - options.drop_first, frame_shrinker.frame());
    return true;
  });
  if (masker) masker->finish();
  return mask_video ? mask_video->read_back(options) : stack;
}

}  // namespace physprobe
