#include "physprobe/eval/world_dataset.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/datasets/manifest_writer.h"
#include "physprobe/datasets/worlds/world_catalog.h"
#include "physprobe/video/video_writer.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <filesystem>
#include <sstream>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

/// Raised when the same seed draws other frames than before.
constexpr int kRenderer = 1;
constexpr const char* kExtension = ".mp4";

void write_video(const std::string& path, const at::Tensor& frames, double fps) {
  VideoWriterOptions options;
  options.fps = fps;
  options.quality = 12;  // visually lossless: compression must not be what the probe sees
  const auto writer = VideoWriter::open(path, frames.size(2), frames.size(1), options);
  for (int64_t t = 0; t < frames.size(0); ++t) writer->write(frames[t]);
  writer->close();
}

/// The folder becomes this world's, or was it already: nobody's data are written over.
void claim(const std::string& directory, const std::string& manifest, const std::string& wanted) {
  const std::string marker = directory + "/RENDERED";
  create_directories(directory);
  if (fs::exists(marker)) {
    const std::string found = read_file(marker);
    if (found == wanted) return;
    throw Error(
        ErrorKind::kIncompatible, directory,
        fmt::format("holds another rendered world ({}, wanted {}); choose another folder",
                    found.substr(0, found.find('\n')), wanted.substr(0, wanted.size() - 1)));
  }
  if (fs::exists(manifest)) {
    throw Error(ErrorKind::kIncompatible, directory,
                "holds a manifest.csv that was not rendered; choose another folder");
  }
  write_file_atomic(marker, wanted);
}

/// `text` in lines of at most `width` characters, each indented by two.
std::string wrapped(const std::string& text, std::size_t width) {
  std::istringstream words(text);
  std::string result;
  std::string line;
  for (std::string word; words >> word;) {
    if (!line.empty() && line.size() + 1 + word.size() > width) {
      result += "  " + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return result + "  " + line + "\n";
}

}  // namespace

std::string render_world_dataset(const std::string& directory, const WorldRenderOptions& options) {
  const WorldDescription& world = world_named(options.world);
  const std::vector<DatasetItem> items =
      world_items(world.name, options.clips, options.seed, kExtension);
  const std::string manifest = directory + "/manifest.csv";
  claim(directory, manifest,
        fmt::format("{} seed={} size={}x{} frames={} fps={} renderer={}\n", world.name,
                    options.seed, world.width, world.height, world.frames, world.fps, kRenderer));
  remove_leftover_temporaries(directory);
  const auto path_of = [&](const std::string& id) { return directory + "/" + id + kExtension; };
  const auto per_clip = static_cast<int64_t>(items.size()) / options.clips;
  parallel_for(options.clips, options.threads, [&](int64_t index) {
    bool is_complete = true;
    for (int64_t i = index * per_clip; i < (index + 1) * per_clip; ++i) {
      is_complete = is_complete && fs::exists(path_of(items[static_cast<std::size_t>(i)].id));
    }
    if (is_complete) return;  // a video takes its name only when it is whole
    for (const RenderedClip& clip : render_clips(world.name, options.seed, index)) {
      write_video(path_of(clip.id), clip.frames, world.fps);
    }
  });
  const std::string text = manifest_csv(items);
  if (!fs::exists(manifest) || read_file(manifest) != text) write_file_atomic(manifest, text);
  return manifest;
}

std::string describe_worlds() {
  constexpr std::size_t kWidth = 98;
  std::string text;
  for (const WorldDescription& world : worlds()) {
    text += world.name + "\n" + wrapped(world.description, kWidth) +
            fmt::format("  {} x {} pixels, {} frames at {} fps.\n", world.width, world.height,
                        world.frames, world.fps);
  }
  return text;
}

}  // namespace physprobe
