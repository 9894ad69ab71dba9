#include "physprobe/video/video_reader.h"

#include "physprobe/core/error.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

namespace physprobe {

std::unique_ptr<VideoReader> VideoReader::open(const std::string& path,
                                               const VideoOptions& options) {
  return std::make_unique<VideoReader>(FrameReader::open(path, options));
}

Clip VideoReader::read(const std::vector<int64_t>& indices) {
  const VideoInfo& info = this->info();
  const int64_t max_bytes = frames_->options().max_bytes;
  for (const int64_t index : indices) frames_->check_index(index);
  const int64_t frame_bytes = info.height * info.width * 3;
  const auto count = static_cast<int64_t>(indices.size());
  if (count > 0 && frame_bytes > max_bytes / count) {
    throw Error(
        ErrorKind::kResource, info.path,
        fmt::format(
            "{} frames of {}x{} exceed max_bytes = {}; read fewer at a time or use for_each", count,
            info.width, info.height, max_bytes));
  }
  Clip clip;
  clip.source_id = info.path;
  clip.frame_indices = indices;
  for (const int64_t index : indices) {
    clip.pts_seconds.push_back(info.pts_seconds[static_cast<std::size_t>(index)]);
  }
  clip.frames = at::empty({count, info.height, info.width, 3}, at::kByte);
  uint8_t* const base = clip.frames.data_ptr<uint8_t>();

  std::vector<int64_t> order(indices.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return indices[static_cast<std::size_t>(a)] < indices[static_cast<std::size_t>(b)];
  });
  int64_t previous_slot = -1;
  for (const int64_t slot : order) {
    const int64_t index = indices[static_cast<std::size_t>(slot)];
    uint8_t* const out = base + slot * frame_bytes;
    if (previous_slot >= 0 && indices[static_cast<std::size_t>(previous_slot)] == index) {
      std::memcpy(out, base + previous_slot * frame_bytes, static_cast<std::size_t>(frame_bytes));
    } else {
      frames_->read_frame(index, out);
    }
    previous_slot = slot;
  }
  return clip;
}

void VideoReader::for_each(const std::vector<int64_t>& ascending_indices,
                           const std::function<bool(int64_t, double, const at::Tensor&)>& body) {
  const VideoInfo& info = this->info();
  frames_->check_ascending(ascending_indices);
  at::Tensor frame;
  for (const int64_t index : ascending_indices) {
    // A frame that the consumer kept stays his own; otherwise its memory is used again.
    const bool is_ours =
        frame.defined() && frame.use_count() == 1 && frame.storage().use_count() == 1;
    if (!is_ours) frame = at::empty({info.height, info.width, 3}, at::kByte);
    frames_->read_frame(index, frame.data_ptr<uint8_t>());
    if (!body(index, info.pts_seconds[static_cast<std::size_t>(index)], frame)) return;
  }
}

Clip VideoReader::read_played_at(const std::vector<double>& times_seconds) {
  const VideoInfo& info = this->info();
  std::vector<int64_t> indices;
  indices.reserve(times_seconds.size());
  for (const double t : times_seconds) {
    if (!(t >= info.begin_seconds) || !(t < info.end_seconds)) {
      throw Error(ErrorKind::kUsage, info.path,
                  fmt::format("nothing is shown at {} s; the video covers [{}, {}) s", t,
                              info.begin_seconds, info.end_seconds));
    }
    indices.push_back(frame_played_at(info, t));
  }
  return read(indices);
}

}  // namespace physprobe
