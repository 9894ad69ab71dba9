#include "physprobe/eval/voe/quadruplet_pairing.h"

#include "physprobe/core/error.h"
#include "physprobe/eval/minimal_pairs/surprise_pairs.h"
#include "physprobe/video/video_reader.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace physprobe {
namespace {

/// Frames read at a time: videos of a quadruplet are equal for long, then differ for good.
constexpr int64_t kBlock = 8;

}  // namespace

QuadrupletPairing pair_by_breaking_points(const std::array<int64_t, 3>& breaking_points) {
  QuadrupletPairing pairing;
  pairing.breaking_points = breaking_points;
  const int partner = intphys_partner(breaking_points);
  std::array<int, 2> others = {0, 0};
  std::size_t n = 0;
  for (int video = 1; video < 4; ++video) {
    if (video != partner) others.at(n++) = video;
  }
  pairing.pairs = {{{0, partner}, others}};
  return pairing;
}

QuadrupletPairing pair_quadruplet(const at::Tensor& clips) {
  if (clips.dim() != 5 || clips.size(0) != 4)
    throw Error(ErrorKind::kInternal, "quadruplet", "is no tensor (4, C, T, H, W)");
  const int64_t frames = clips.size(2);
  std::array<int64_t, 3> breaking_points = {frames, frames, frames};
  for (int64_t video = 1; video < 4; ++video) {
    for (int64_t t = 0; t < frames; ++t) {
      if (at::equal(clips[0].select(1, t), clips[video].select(1, t))) continue;
      breaking_points.at(static_cast<std::size_t>(video - 1)) = t;
      break;
    }
  }
  return pair_by_breaking_points(breaking_points);
}

QuadrupletPairing pair_quadruplet(const std::array<std::string, 4>& paths,
                                  const FrameProtocol& protocol) {
  std::array<std::unique_ptr<VideoReader>, 4> readers;
  int64_t frames = 0;
  for (std::size_t v = 0; v < paths.size(); ++v) {
    readers.at(v) = VideoReader::open(paths.at(v));
    const VideoInfo& info = readers.at(v)->info();
    const VideoInfo& first = readers[0]->info();
    if (info.width != first.width || info.height != first.height) {
      throw Error(ErrorKind::kInput, paths.at(v),
                  fmt::format("is {}x{}, '{}' of the same quadruplet {}x{}", info.width,
                              info.height, paths[0], first.width, first.height));
    }
    frames = v == 0 ? info.frame_count : std::min(frames, info.frame_count);
  }
  const std::vector<int64_t> used = protocol_frames(protocol, 0, frames);
  if (used.empty()) throw Error(ErrorKind::kInput, paths[0], "has no frame that the protocol uses");
  const auto n = static_cast<int64_t>(used.size());
  std::array<int64_t, 3> breaking_points = {n, n, n};
  const auto is_open = [&](int64_t point) { return point == n; };
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    if (std::none_of(breaking_points.begin(), breaking_points.end(), is_open)) break;
    const std::vector<int64_t> block(used.begin() + begin,
                                     used.begin() + std::min(begin + kBlock, n));
    const at::Tensor reference = readers[0]->read(block).frames;
    for (std::size_t v = 1; v < 4; ++v) {
      if (!is_open(breaking_points.at(v - 1))) continue;
      const at::Tensor other = readers.at(v)->read(block).frames;
      for (int64_t t = 0; t < reference.size(0); ++t) {
        if (at::equal(reference[t], other[t])) continue;
        breaking_points.at(v - 1) = begin + t;
        break;
      }
    }
  }
  return pair_by_breaking_points(breaking_points);
}

}  // namespace physprobe
