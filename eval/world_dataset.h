#pragma once
// Draws a rendered world as a data set on disk: video files and a manifest.

#include <cstdint>
#include <string>

namespace physprobe {

struct WorldRenderOptions {
  std::string world = "moving_objects";
  int64_t clips = 12;
  uint64_t seed = 7;
  int threads = 0;
};

/// Writes videos and `manifest.csv` into `directory`; returns the manifest's path. Does nothing
/// when the folder already holds exactly this data set (a marker written last says so).
std::string render_world_dataset(const std::string& directory, const WorldRenderOptions& options);

/// One paragraph per world, for people.
std::string describe_worlds();

}  // namespace physprobe
