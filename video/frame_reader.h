#pragma once
// Reads frames of a local video file or a folder of numbered images, exactly: any index by random
// access equals sequential decoding bit for bit. Ranges are half-open; times are seconds from the
// stream's own zero (pts 0, not the first frame), or from `start_seconds` where one is given;
// indices count frames in order of presentation from 0. RGB bytes are those of OpenCV's
// VideoCapture, except that tags of colour are honoured unless `colour_tags` says otherwise.
// Frames come as bytes here; video_reader.h gives tensors.

#include "physprobe/video/aligned_bytes.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace physprobe {

/// Whether a file's own word about its colour matrix (BT.601, BT.709, ...) and range counts.
enum class ColourTags {
  kHonoured,  ///< As ffmpeg and torchcodec; untagged files count as BT.601.
  kIgnored,   ///< As OpenCV, which takes every file for BT.601: reproduces its bytes on tagged
              ///< files.
};

struct VideoOptions {
  int stream_index = -1;  ///< -1: the first video stream that is not cover art.
  /// Accept a file that ends or breaks early: all of it is decoded once by `open`, `frame_count` is
  /// what really decodes, and `VideoInfo::damage` says what is wrong.
  bool allow_truncated = false;
  bool apply_rotation = true;  ///< Show rotated recordings upright.
  ColourTags colour_tags = ColourTags::kHonoured;
  int decode_threads = 1;  ///< FFmpeg threads; never changes a value.
  int64_t max_pixels =
      7680LL * 4320;  ///< Per frame; larger is refused before anything is allocated.
  int64_t max_frames = 10'000'000;
  int64_t max_bytes = int64_t{1} << 34;  ///< Of one clip returned by `read`.
  double image_sequence_fps = 25.0;      ///< Rate given to folders of images, which carry none.
  /// Restrict to the frames on screen in [start, stop), as a video of its own: indices and times
  /// count from there.
  std::optional<double> start_seconds;
  std::optional<double> stop_seconds;
  void validate() const;
};

struct VideoInfo {
  std::string path;
  std::string container;  ///< "mov,mp4,…", "matroska,webm", "image sequence".
  std::string codec;      ///< "h264", "hevc", "av1", "mpeg4", "png", …
  std::string pixel_format;
  int64_t width = 0;  ///< As shown (after rotation), pixels.
  int64_t height = 0;
  int rotation_degrees = 0;  ///< Clockwise rotation applied for display: 0, 90, 180, 270.
  int bit_depth = 8;
  // What the header claims …
  std::optional<int64_t> header_frame_count;
  std::optional<double> header_duration_seconds;
  std::optional<double> header_fps;
  // … and what a scan of the packets (and, for damage, of the frames) found.
  int64_t frame_count = 0;
  double begin_seconds = 0.0;  ///< Smallest pts.
  double end_seconds = 0.0;    ///< Largest pts + duration.
  double fps = 0.0;            ///< (frame_count - 1) / (last pts - first pts); 0 for one frame.
  bool is_variable_rate = false;
  std::vector<double> pts_seconds;       ///< Per frame, ascending.
  std::vector<double> duration_seconds;  ///< Per frame, from the packets (0 if unknown).
  std::vector<std::string> damage;       ///< Human-readable findings; empty for a sound file.
};

/// Some rows of a frame, from top to bottom one band after the other.
struct FrameBand {
  int64_t index = 0;      ///< Of the frame.
  int64_t first_row = 0;  ///< A multiple of 4.
  int64_t rows = 0;       ///< The frame is complete where first_row + rows reaches its height.
  const uint8_t* rgb = nullptr;  ///< (rows, width, 3) uint8; valid during the call.
  int64_t row_bytes = 0;         ///< From one row to the next, at least 3 * width.
};

/// Not thread-safe; one reader per thread.
class FrameReader {
 public:
  /// Opens and scans. Throws Error(kInput) for anything that is not a sound local video (empty,
  /// text, directory without images, pipe, playlist, audio only, index lost, cut off or fewer
  /// frames than claimed unless `allow_truncated`), Error(kResource) above the limits. Pictures are
  /// decoded only where packets do not tell the times; damage inside them is found by the reading
  /// functions below, which then throw Error(kInput) with the counts of announced and decodable
  /// frames.
  static std::unique_ptr<FrameReader> open(const std::string& path,
                                           const VideoOptions& options = {});
  virtual ~FrameReader() = default;

  const VideoInfo& info() const { return info_; }
  const VideoOptions& options() const { return options_; }

  /// Throws Error(kUsage) unless info() has a frame of this index.
  void check_index(int64_t index) const;
  /// The same of a list, which also has to ascend without repeats.
  void check_ascending(const std::vector<int64_t>& indices) const;

  /// Writes frame `index`, which info() has, as packed RGB, (height, width, 3) uint8, to `out`;
  /// cheapest in ascending order.
  virtual void read_frame(int64_t index, uint8_t* out) = 0;

  /// Calls `body(index, frame (height, width, 3) uint8 packed RGB, valid during the call)` for each
  /// index of an ASCENDING list without repeats, in bounded memory; `body` returns false to stop.
  void for_each(const std::vector<int64_t>& ascending_indices,
                const std::function<bool(int64_t, const uint8_t*)>& body);

  /// The same frames and bytes, in bands small enough to stay in a CPU's cache where the picture's
  /// format allows it, else in one band: for consumers that go over rows once.
  void for_each_band(const std::vector<int64_t>& ascending_indices,
                     const std::function<bool(const FrameBand&)>& body);

 protected:
  /// Hands frame `index` out in bands, until `body` returns false; false then. By default one band.
  virtual bool read_bands(int64_t index, const std::function<bool(const FrameBand&)>& body);

  VideoInfo info_;
  VideoOptions options_;

 private:
  AlignedBytes whole_;  // a frame handed out in one piece
};

/// Index of the frame on screen at `t`: the number of frames whose successor's pts is <= t.
int64_t frame_played_at(const VideoInfo& info, double t_seconds);

/// Digest of the item's bytes: the file's SHA-256, or for a folder of images the SHA-256 over the
/// sorted names and contents. Part of every cache key.
std::string content_digest(const std::string& path);

/// Switches FFmpeg's messages off again after OpenCV, which switches them on for the whole process
/// when it first writes a video.
void quieten_decoders();

/// True if `path` is a directory holding numbered images that form one sequence.
bool is_image_sequence(const std::string& path);

/// File name extensions (lower case, with dot) taken for videos when a folder is listed.
const std::vector<std::string>& video_extensions();
const std::vector<std::string>& image_extensions();

}  // namespace physprobe
