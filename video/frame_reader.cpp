#include "physprobe/video/frame_reader.h"

#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/media_names.h"
#include "physprobe/video/ffmpeg_handles.h"
#include "physprobe/video/file_reader.h"
#include "physprobe/video/image_sequence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace physprobe {
namespace {

bool is_directory(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

void require_at_least(const char* field, double value, double least) {
  if (!(value >= least)) {
    throw Error(ErrorKind::kUsage, field,
                fmt::format("is {}; it has to be at least {}", value, least));
  }
}

}  // namespace

void VideoOptions::validate() const {
  require_at_least("stream_index", stream_index, -1);
  require_at_least("decode_threads", decode_threads, 1);
  require_at_least("max_pixels", static_cast<double>(max_pixels), 1);
  require_at_least("max_frames", static_cast<double>(max_frames), 1);
  require_at_least("max_bytes", static_cast<double>(max_bytes), 1);
  if (!(image_sequence_fps > 0.0) || !std::isfinite(image_sequence_fps)) {
    throw Error(ErrorKind::kUsage, "image_sequence_fps",
                fmt::format("is {}; it has to be a finite number above 0", image_sequence_fps));
  }
  if (start_seconds && !std::isfinite(*start_seconds)) {
    throw Error(ErrorKind::kUsage, "start_seconds", "has to be finite");
  }
  if (stop_seconds &&
      (std::isnan(*stop_seconds) || *stop_seconds <= start_seconds.value_or(-INFINITY))) {
    throw Error(ErrorKind::kUsage, "stop_seconds",
                fmt::format("is {}; it has to be above start_seconds", *stop_seconds));
  }
}

std::unique_ptr<FrameReader> FrameReader::open(const std::string& path,
                                               const VideoOptions& options) {
  options.validate();
  return is_directory(path) ? open_image_sequence(path, options) : open_video_file(path, options);
}

void FrameReader::check_index(int64_t index) const {
  if (index < 0 || index >= info_.frame_count) {
    throw Error(ErrorKind::kUsage, info_.path,
                fmt::format("frame {} was asked for; the video has frames 0 to {}", index,
                            info_.frame_count - 1));
  }
}

void FrameReader::check_ascending(const std::vector<int64_t>& indices) const {
  for (std::size_t i = 0; i < indices.size(); ++i) {
    check_index(indices[i]);
    if (i > 0 && indices[i] <= indices[i - 1]) {
      throw Error(
          ErrorKind::kUsage, info_.path,
          fmt::format("for_each was given frame {} after frame {}; its indices have to ascend",
                      indices[i], indices[i - 1]));
    }
  }
}

void FrameReader::for_each(const std::vector<int64_t>& ascending_indices,
                           const std::function<bool(int64_t, const uint8_t*)>& body) {
  check_ascending(ascending_indices);
  whole_.require(info_.height * info_.width * 3);
  for (const int64_t index : ascending_indices) {
    read_frame(index, whole_.data());
    if (!body(index, whole_.data())) return;
  }
}

void FrameReader::for_each_band(const std::vector<int64_t>& ascending_indices,
                                const std::function<bool(const FrameBand&)>& body) {
  check_ascending(ascending_indices);
  for (const int64_t index : ascending_indices) {
    if (!read_bands(index, body)) return;
  }
}

bool FrameReader::read_bands(int64_t index, const std::function<bool(const FrameBand&)>& body) {
  whole_.require(info_.height * info_.width * 3);
  read_frame(index, whole_.data());
  return body({index, 0, info_.height, whole_.data(), info_.width * 3});
}

int64_t frame_played_at(const VideoInfo& info, double t_seconds) {
  const std::vector<double>& pts = info.pts_seconds;
  if (pts.empty()) throw Error(ErrorKind::kInput, info.path, "has no frame");
  // The first frame's own pts plays no part: before it, too, it is the frame shown.
  const auto successor = std::upper_bound(pts.begin() + 1, pts.end(), t_seconds);
  return std::distance(pts.begin(), successor) - 1;
}

std::string content_digest(const std::string& path) {
  if (!is_directory(path)) return sha256_file(path);
  const ImageSequence sequence = list_image_sequence(path);
  if (sequence.paths.empty()) {
    throw Error(ErrorKind::kInput, path, "is a directory without numbered images");
  }
  std::vector<std::string> paths = sequence.paths;
  std::sort(paths.begin(), paths.end());
  Sha256 digest;
  for (const std::string& image : paths) {
    digest.update(std::filesystem::path(image).filename().string());
    digest.update("\n" + sha256_file(image) + "\n");
  }
  return digest.hex();
}

bool is_image_sequence(const std::string& path) {
  if (!is_directory(path)) return false;
  const ImageSequence sequence = list_image_sequence(path);
  return !sequence.paths.empty() && sequence.damage.empty();
}

const std::vector<std::string>& video_extensions() {
  return video_name_extensions();
}

const std::vector<std::string>& image_extensions() {
  return image_name_extensions();
}

void quieten_decoders() {
  quieten_ffmpeg();
}

}  // namespace physprobe
