#pragma once
// Every rendered world by name: what it shows, the items it makes and the frames of each. Drawing
// only; writing the frames as videos belongs to whoever may use `video/`.

#include "physprobe/datasets/dataset.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

struct WorldDescription {
  std::string name;
  std::string description;  ///< A sentence or two for people.
  int64_t width = 0;        ///< Pixels.
  int64_t height = 0;
  int64_t frames = 0;  ///< Per clip.
  double fps = 0.0;
};

const std::vector<WorldDescription>& worlds();

/// Throws Error(kUsage) naming the nearest worlds.
const WorldDescription& world_named(const std::string& name);

struct RenderedClip {
  std::string id;     ///< "clip-007-natural".
  at::Tensor frames;  ///< (T, H, W, 3) uint8 RGB.
};

/// Clip `index` followed by its twin, in the order of `world_items`. A pure function of its
/// arguments. Throws Error(kUsage) for an unknown world or a negative index.
std::vector<RenderedClip> render_clips(const std::string& world, uint64_t seed, int64_t index);

/// Items of the first `n_clips` clips, each followed by its twin: id, relative_path (id +
/// `extension`), label (the kind), group and pair (the clip), source (the world), attributes seed
/// and index, and, where clips violate something, property and violation_frame; `path` is empty,
/// the files being the caller's. Throws Error(kUsage) for an unknown world or n_clips < 1.
std::vector<DatasetItem> world_items(const std::string& world,
                                     int64_t n_clips,
                                     uint64_t seed,
                                     const std::string& extension = ".mp4");

}  // namespace physprobe
