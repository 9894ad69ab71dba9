#include "physprobe/eval/physics_iq/clip_pass.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/interrupt.h"
#include "physprobe/eval/physics_iq/frame_resize.h"
#include "physprobe/eval/physics_iq/frame_shelf.h"
#include "physprobe/eval/physics_iq/mask_shrink.h"
#include "physprobe/video/frame_reader.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <optional>
#include <system_error>

namespace physprobe {
namespace {

constexpr int64_t kMaskShelfBytes = int64_t{4} << 20;

/// The masks of one clip on their way through the mask codec. They are collected first: at
/// 3840x2160 the codec's pictures beside the clip's decoder and background would be 80 MB more at
/// the peak.
class CodedMasks {
 public:
  CodedMasks(std::string directory, int64_t height, int64_t width)
      : directory_(std::move(directory)),
        image_(height, width),
        shelf_(static_cast<int64_t>(image_.words.size() * sizeof(uint64_t)),
               kMaskShelfBytes,
               directory_) {}

  void append(const BitImage& mask) {
    shelf_.append(reinterpret_cast<const uint8_t*>(mask.words.data()));
  }

  /// Written as a mask video, read back and removed.
  MaskStack after_the_codec(const ClipOptions& options) {
    const ScratchFolder folder{temporary_sibling(directory_ + "/masks")};
    create_directories(folder.path);
    const std::string video = folder.path + "/masks.mp4";
    {
      MaskVideoWriter writer(video, image_.height, image_.width,
                             static_cast<int>(std::lround(options.fps)));
      for (int64_t t = 0; t < shelf_.size(); ++t) {
        if (interrupt_signal() != 0) throw Interrupted{};
        std::memcpy(image_.words.data(), shelf_.frame(t), image_.words.size() * sizeof(uint64_t));
        writer.write(image_);
      }
      writer.close();
    }
    try {
      return read_mask_video(video, options.frames, options.height, options.width);
    } catch (const Error& error) {
      // OpenCV's writer says nothing; nobody else has touched the file.
      throw Error(ErrorKind::kResource, video,
                  "was not written whole (" + error.message() + "); is the disk full?");
    }
  }

 private:
  /// A folder has the temporary name, as the video's has to end in .mp4: what a killed process
  /// leaves is found by that.
  struct ScratchFolder {
    std::string path;
    ~ScratchFolder() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  };

  std::string directory_;
  BitImage image_;
  FrameShelf shelf_;
};

}  // namespace

std::unique_ptr<FrameReader> open_clip(const std::string& path, ColourTags colour_tags) {
  VideoOptions video;
  video.colour_tags = colour_tags;
  return FrameReader::open(path, video);
}

MaskStack pass_over_clip(std::unique_ptr<FrameReader> reader,
                         const ClipOptions& options,
                         bool wants_masks,
                         const std::string& scratch_directory,
                         const std::function<void(int64_t, const uint8_t*)>& on_frame) {
  const VideoInfo& info = reader->info();
  if (info.frame_count < options.drop_first + options.frames)
    throw Error(ErrorKind::kInput, info.path,
                fmt::format("has {} frames, {} are needed{}", info.frame_count, options.frames,
                            options.drop_first > 0
                                ? fmt::format(" after the {} left out", options.drop_first)
                                : ""));
  std::vector<int64_t> indices(static_cast<std::size_t>(options.frames));
  std::iota(indices.begin(), indices.end(), options.drop_first);

  MaskStack stack(options.height, options.width);
  std::optional<CodedMasks> coded;
  std::optional<MotionMasker> masker;
  MaskShrinker shrinker(info.height, info.width, options.height, options.width);
  if (wants_masks) {
    if (options.mask_path == MaskPath::kMp4v)
      coded.emplace(scratch_directory, info.height, info.width);
    stack.reserve(options.frames);
    masker.emplace(info.height, info.width, options.threshold, [&](const BitImage& mask) {
      if (coded) {
        coded->append(mask);
      } else {
        shrinker.append(mask, stack);
      }
    });
  }
  FrameShrinker frame_shrinker(info.height, info.width, options.height, options.width);
  reader->for_each_band(indices, [&](const FrameBand& band) {
    if (interrupt_signal() != 0) throw Interrupted{};
    frame_shrinker.push_rows(band.rgb, band.row_bytes, band.first_row, band.rows);
    if (masker) masker->push_rows(band.rgb, band.row_bytes, band.rows);
    if (band.first_row + band.rows == info.height)
      on_frame(band.index - options.drop_first, frame_shrinker.frame());
    return true;
  });
  if (masker) masker->finish();
  if (!coded) return stack;
  masker.reset();
  reader.reset();
  return coded->after_the_codec(options);
}

}  // namespace physprobe
