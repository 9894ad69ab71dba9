#pragma once
// A piece of decoded video: what `video/` produces and encoders (through preprocessing) consume.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace physprobe {

/// Value type. `frames`, `pts_seconds` and `frame_indices` have the same length T.
struct Clip {
  at::Tensor frames;  ///< (T, H, W, 3) uint8 RGB, contiguous.
  std::vector<double>
      pts_seconds;  ///< Presentation time of each frame, seconds from the stream's start.
  std::vector<int64_t> frame_indices;  ///< Index of each frame in order of presentation, from 0.
  std::string source_id;               ///< Item id or path, for messages.
};

/// Yields clips one after the other, then nullopt. Training and streaming evaluation read through
/// this.
using ClipSource = std::function<std::optional<Clip>()>;

}  // namespace physprobe
