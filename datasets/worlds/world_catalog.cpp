#include "physprobe/datasets/worlds/world_catalog.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/datasets/voe/voe_item.h"
#include "physprobe/datasets/worlds/moving_objects.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <array>

namespace physprobe {

namespace {

constexpr const char* kMovingObjects = "moving_objects";
constexpr const char* kImpossibleObjects = "impossible_objects";

/// The kinds of clips of a world: a clip and its twin.
std::array<const char*, 2> kinds_of(const std::string& world) {
  if (world == kImpossibleObjects) return {kPossible, kImpossible};
  return {"natural", "shuffled"};
}

MovingObjectsOptions impossible_objects_options() {
  MovingObjectsOptions options;
  options.size = 128;
  options.frames = 48;
  options.objects = 2;
  return options;
}

/// Clips alternate between the two violations.
ObjectViolation violation_of(uint64_t seed, int64_t index) {
  return {index % 2 == 0 ? ObjectViolation::Kind::kVanish : ObjectViolation::Kind::kJump,
          violation_frame(seed, index, impossible_objects_options())};
}

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
    const MovingObjectsOptions pairs = impossible_objects_options();
    return std::vector<WorldDescription>{
        {kMovingObjects,
         fmt::format(
             "{} textured objects glide, turn and bounce off the frame's edges over a textured "
             "ground. Each clip has a twin with the same frames in shuffled order (label "
             "'shuffled', same group and pair). Natural clips should be straighter in v1 than in "
             "pixels; the float cross-fade between a clip's end frames, which a run computes "
             "itself, should be more curved.",
             options.objects),
         options.size, options.size, options.frames, options.fps},
        {kImpossibleObjects,
         fmt::format(
             "Pairs for violation of expectation: {} objects as in moving_objects (label "
             "'possible'), and the same up to a frame from which the front one is gone "
             "(property 'permanence') or goes on at the opposite place ('continuity'; label "
             "'impossible'). Everything happens in full view: the last frame seen is enough "
             "to tell a pair, so that this world shows whether a probe works, not whether a "
             "model understands.",
             pairs.objects),
         pairs.size, pairs.size, pairs.frames, pairs.fps}};
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
  const auto kinds = kinds_of(world);
  if (world == kImpossibleObjects) {
    MovingObjectsOptions options = impossible_objects_options();
    const at::Tensor possible = render_moving_objects(seed, index, options);
    options.violation = violation_of(seed, index);
    return {{item_id(index, kinds[0]), possible},
            {item_id(index, kinds[1]), render_moving_objects(seed, index, options)}};
  }
  const at::Tensor frames = render_moving_objects(seed, index, {});
  const std::vector<int64_t> order = shuffled_order(seed, index, frames.size(0));
  return {{item_id(index, kinds[0]), frames},
          {item_id(index, kinds[1]), frames.index_select(0, at::tensor(order, at::kLong))}};
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
    for (const char* kind : kinds_of(world)) {
      DatasetItem item;
      item.pair = clip_name(index);
      item.group = item.pair;
      item.label = kind;
      item.id = item_id(index, kind);
      item.relative_path = item.id + extension;
      item.source = world;
      item.attributes = {{"seed", std::to_string(seed)}, {"index", std::to_string(index)}};
      if (world == kImpossibleObjects) {
        const ObjectViolation violation = violation_of(seed, index);
        item.attributes[kPropertyAttribute] =
            violation.kind == ObjectViolation::Kind::kVanish ? "permanence" : "continuity";
        item.attributes["violation_frame"] = std::to_string(violation.frame);
      }
      items.push_back(std::move(item));
    }
  }
  return items;
}

}  // namespace physprobe
