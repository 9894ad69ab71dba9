#include "physprobe/eval/world_dataset.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/core/parallel.h"
#include "physprobe/datasets/worlds/moving_objects.h"
#include "physprobe/video/video_writer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <filesystem>

namespace physprobe {
namespace {

constexpr const char* kMovingObjects = "moving_objects";

void write_video(const std::string& path,
                 const at::Tensor& frames,
                 const std::vector<int64_t>& order,
                 double fps) {
  VideoWriterOptions options;
  options.fps = fps;
  options.quality = 12;  // visually lossless: compression must not be what the probe sees
  const auto writer = VideoWriter::open(path, frames.size(2), frames.size(1), options);
  for (const int64_t index : order) writer->write(frames[index]);
  writer->close();
}

}  // namespace

std::string render_world_dataset(const std::string& directory, const WorldRenderOptions& options) {
  if (options.world != kMovingObjects) {
    throw Error(ErrorKind::kUsage, options.world,
                "is no rendered world" + did_you_mean(options.world, {kMovingObjects}));
  }
  const MovingObjectsOptions world;
  const std::string manifest = directory + "/manifest.csv";
  const std::string marker = directory + "/RENDERED";
  const std::string wanted =
      fmt::format("{} clips={} seed={} size={} frames={} fps={} renderer=1\n", options.world,
                  options.clips, options.seed, world.size, world.frames, world.fps);
  if (std::filesystem::exists(marker) && std::filesystem::exists(manifest) &&
      read_file(marker) == wanted)
    return manifest;
  create_directories(directory);
  CsvWriter csv({"id", "path", "label", "group", "pair", "world"});
  for (int64_t i = 0; i < options.clips; ++i) {
    const std::string clip = fmt::format("clip-{:03}", i);
    for (const char* kind : {"natural", "shuffled"}) {
      const std::string id = clip + "-" + kind;
      for (const std::string& cell :
           {id, id + ".mp4", std::string(kind), clip, clip, options.world})
        csv.cell(cell);
      csv.end_row();
    }
  }
  parallel_for(options.clips, options.threads, [&](int64_t i) {
    const at::Tensor frames = render_moving_objects(options.seed, i, world);
    std::vector<int64_t> natural(static_cast<std::size_t>(frames.size(0)));
    for (std::size_t t = 0; t < natural.size(); ++t) natural[t] = static_cast<int64_t>(t);
    const std::string stem = directory + "/" + fmt::format("clip-{:03}", i);
    write_video(stem + "-natural.mp4", frames, natural, world.fps);
    write_video(stem + "-shuffled.mp4", frames, shuffled_order(options.seed, i, frames.size(0)),
                world.fps);
  });
  write_file_atomic(manifest, csv.text());
  write_file_atomic(marker, wanted);
  return manifest;
}

std::string describe_worlds() {
  const MovingObjectsOptions world;
  return fmt::format(
      "moving_objects\n"
      "  Textured objects moving smoothly over a textured ground, {} x {} pixels, {} frames at {} "
      "fps. Every clip has a twin with the\n"
      "  same frames in shuffled order (label 'shuffled', same group and pair). Natural clips "
      "should be straighter in v1 than in\n"
      "  pixels; the float cross-fade between a clip's end frames, computed during a run, should "
      "be more curved.\n",
      world.size, world.size, world.frames, world.fps);
}

}  // namespace physprobe
