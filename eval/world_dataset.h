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

/// Writes videos and `manifest.csv` (last) into `directory`; returns the manifest's path. Clips
/// that an earlier call finished are kept, so that an interrupted rendering continues and more
/// clips of the same seed are added. Throws Error(kIncompatible) if the folder holds another world
/// or a manifest of somebody else, Error(kUsage) for an unknown world, Error(kResource).
std::string render_world_dataset(const std::string& directory, const WorldRenderOptions& options);

/// One paragraph per world, for people.
std::string describe_worlds();

}  // namespace physprobe
