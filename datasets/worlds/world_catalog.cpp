#include "physprobe/datasets/worlds/world_catalog.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/datasets/worlds/moving_objects.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace physprobe {

namespace {

constexpr WorldTwin kTwins[] = {WorldTwin::kNatural, WorldTwin::kShuffled};

std::string clip_name(int64_t index) {
  return fmt::format("clip-{:03}", index);
}

std::string kind_of(WorldTwin twin) {
  return twin == WorldTwin::kNatural ? "natural" : "shuffled";
}

}  // namespace

const std::vector<WorldDescription>& worlds() {
  static const std::vector<WorldDescription> all = [] {
    const MovingObjectsOptions options;
    return std::vector<WorldDescription>{
        {"moving_objects",
         fmt::format("{} textured objects glide, turn and bounce off the frame's edges over a "
                     "textured ground; each clip has a twin with the same frames in shuffled order",
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

RenderedClip render_clip(const std::string& world, uint64_t seed, int64_t index, WorldTwin twin) {
  const WorldDescription& description = world_named(world);
  RenderedClip clip;
  clip.kind = kind_of(twin);
  clip.pair = clip_name(index);
  clip.id = clip.pair + "-" + clip.kind;
  clip.fps = description.fps;
  clip.frames = render_moving_objects(seed, index, {});
  if (twin == WorldTwin::kShuffled) {
    const std::vector<int64_t> order = shuffled_order(seed, index, clip.frames.size(0));
    clip.frames = clip.frames.index_select(0, at::tensor(order, at::kLong));
  }
  return clip;
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
    for (const WorldTwin twin : kTwins) {
      DatasetItem item;
      item.pair = clip_name(index);
      item.group = item.pair;
      item.label = kind_of(twin);
      item.id = item.pair + "-" + item.label;
      item.relative_path = item.id + extension;
      item.source = world;
      item.attributes = {{"seed", std::to_string(seed)}, {"index", std::to_string(index)}};
      items.push_back(std::move(item));
    }
  }
  return items;
}

}  // namespace physprobe
