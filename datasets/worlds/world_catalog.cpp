#include "physprobe/datasets/worlds/world_catalog.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/datasets/worlds/moving_objects.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

namespace physprobe {

namespace {

constexpr const char* kKinds[] = {"natural", "shuffled"};

std::string clip_name(int64_t index) {
  return fmt::format("clip-{:03}", index);
}

std::string item_id(int64_t index, const char* kind) {
  return clip_name(index) + "-" + kind;
}

}  // namespace

const std::vector<WorldDescription>& worlds() {
  static const std::vector<WorldDescription> all = [] {
    const MovingObjectsOptions options;
    return std::vector<WorldDescription>{
        {"moving_objects",
         fmt::format(
             "{} textured objects glide, turn and bounce off the frame's edges over a textured "
             "ground. Each clip has a twin with the same frames in shuffled order (label "
             "'shuffled', same group and pair). Natural clips should be straighter in v1 than in "
             "pixels; the float cross-fade between a clip's end frames, which a run computes "
             "itself, should be more curved.",
             options.objects),
         options.size, options.size, options.frames, options.fps}};
  }();
  return all;
}

const WorldDescription& world_named(const std::string& name) {
  std::vector<std::string> known;
  for (const WorldDescription& world : worlds()) {
    if (world.name == name) return world;
    known.push_back(world.name);
  }
  throw Error(ErrorKind::kUsage, "world",
              fmt::format("'{}' is no rendered world{}", name, did_you_mean(name, known)));
}

std::vector<RenderedClip> render_clips(const std::string& world, uint64_t seed, int64_t index) {
  world_named(world);
  const at::Tensor frames = render_moving_objects(seed, index, {});
  const std::vector<int64_t> order = shuffled_order(seed, index, frames.size(0));
  return {{item_id(index, kKinds[0]), frames},
          {item_id(index, kKinds[1]), frames.index_select(0, at::tensor(order, at::kLong))}};
}

std::vector<DatasetItem> world_items(const std::string& world,
                                     int64_t n_clips,
                                     uint64_t seed,
                                     const std::string& extension) {
  world_named(world);
  if (n_clips < 1) {
    throw Error(ErrorKind::kUsage, "clips", fmt::format("is {}; expected 1 or more", n_clips));
  }
  std::vector<DatasetItem> items;
  for (int64_t index = 0; index < n_clips; ++index) {
    for (const char* kind : kKinds) {
      DatasetItem item;
      item.pair = clip_name(index);
      item.group = item.pair;
      item.label = kind;
      item.id = item_id(index, kind);
      item.relative_path = item.id + extension;
      item.source = world;
      item.attributes = {{"seed", std::to_string(seed)}, {"index", std::to_string(index)}};
      items.push_back(std::move(item));
    }
  }
  return items;
}

}  // namespace physprobe
