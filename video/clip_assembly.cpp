#include "physprobe/video/clip_assembly.h"

#include "physprobe/core/error.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

namespace physprobe {

void FrameByFrameReader::check_index(int64_t index) const {
  if (index < 0 || index >= info_.frame_count) {
    throw Error(ErrorKind::kUsage, info_.path,
                fmt::format("frame {} was asked for; the video has frames 0 to {}", index,
                            info_.frame_count - 1));
  }
}

Clip FrameByFrameReader::read(const std::vector<int64_t>& indices) {
  for (const int64_t index : indices) check_index(index);
  const int64_t frame_bytes = info_.height * info_.width * 3;
  const auto count = static_cast<int64_t>(indices.size());
  if (count > 0 && frame_bytes > options_.max_bytes / count) {
    throw Error(
        ErrorKind::kResource, info_.path,
        fmt::format(
            "{} frames of {}x{} exceed max_bytes = {}; read fewer at a time or use for_each", count,
            info_.width, info_.height, options_.max_bytes));
  }
  Clip clip;
  clip.source_id = info_.path;
  clip.frame_indices = indices;
  for (const int64_t index : indices) {
    clip.pts_seconds.push_back(info_.pts_seconds[static_cast<std::size_t>(index)]);
  }
  clip.frames = at::empty({count, info_.height, info_.width, 3}, at::kByte);
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
      read_frame(index, out);
    }
    previous_slot = slot;
  }
  return clip;
}

void FrameByFrameReader::check_ascending(const std::vector<int64_t>& indices) const {
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

void FrameByFrameReader::for_each_band(const std::vector<int64_t>& ascending_indices,
                                       const std::function<bool(const FrameBand&)>& body) {
  check_ascending(ascending_indices);
  for (const int64_t index : ascending_indices) {
    if (!read_bands(index, body)) return;
  }
}

bool FrameByFrameReader::read_bands(int64_t index,
                                    const std::function<bool(const FrameBand&)>& body) {
  whole_.resize(static_cast<std::size_t>(info_.height * info_.width * 3));
  read_frame(index, whole_.data());
  return body({index, 0, info_.height, whole_.data(), info_.width * 3});
}

void FrameByFrameReader::for_each(
    const std::vector<int64_t>& ascending_indices,
    const std::function<bool(int64_t, double, const at::Tensor&)>& body) {
  check_ascending(ascending_indices);
  at::Tensor frame;
  for (const int64_t index : ascending_indices) {
    // A frame that the consumer kept stays his own; otherwise its memory is used again.
    const bool is_ours =
        frame.defined() && frame.use_count() == 1 && frame.storage().use_count() == 1;
    if (!is_ours) frame = at::empty({info_.height, info_.width, 3}, at::kByte);
    read_frame(index, frame.data_ptr<uint8_t>());
    if (!body(index, info_.pts_seconds[static_cast<std::size_t>(index)], frame)) return;
  }
}

Clip FrameByFrameReader::read_played_at(const std::vector<double>& times_seconds) {
  std::vector<int64_t> indices;
  indices.reserve(times_seconds.size());
  for (const double t : times_seconds) {
    if (!(t >= info_.begin_seconds) || !(t < info_.end_seconds)) {
      throw Error(ErrorKind::kUsage, info_.path,
                  fmt::format("nothing is shown at {} s; the video covers [{}, {}) s", t,
                              info_.begin_seconds, info_.end_seconds));
    }
    indices.push_back(frame_played_at(info_, t));
  }
  return read(indices);
}

}  // namespace physprobe
