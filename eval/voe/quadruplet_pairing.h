#pragma once
// Which possible and impossible video of a quadruplet differ minimally, found from the frames as
// the surprise protocol does it: the partners share the longest beginning.

#include "physprobe/datasets/voe/frame_protocol.h"

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <string>

namespace physprobe {

struct QuadrupletPairing {
  /// First used frame in which video 0 and video 1, 2, 3 differ; the number of frames if never.
  std::array<int64_t, 3> breaking_points = {0, 0, 0};
  /// Two pairs of indices: that of video 0, then the other two.
  std::array<std::array<int, 2>, 2> pairs = {{{0, 1}, {2, 3}}};
};

/// Video 0 goes with the video of the largest breaking point, the first of them on ties.
QuadrupletPairing pair_by_breaking_points(const std::array<int64_t, 3>& breaking_points);

/// `clips` (4, C, T, H, W), frames already sub-sampled. Throws Error(kInternal) for other shapes.
QuadrupletPairing pair_quadruplet(const at::Tensor& clips);

/// The same of four videos or folders of frames, over the frames that `protocol` uses (the shortest
/// video's number of them). Reads no further than the last breaking point. Frames are compared as
/// decoded: the published comparison of resized frames differs from it only where a resized pixel
/// does not depend on any pixel that differs. Throws Error(kInput) for videos that cannot be read,
/// have no used frame, or differ in size.
QuadrupletPairing pair_quadruplet(const std::array<std::string, 4>& paths,
                                  const FrameProtocol& protocol);

}  // namespace physprobe
