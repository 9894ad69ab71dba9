#pragma once
// Folders of numbered images read as videos. Internal to `video/`.

#include "physprobe/video/frame_reader.h"

#include <memory>
#include <string>
#include <vector>

namespace physprobe {

struct ImageSequence {
  std::vector<std::string> paths;  ///< In order of their numbers.
  std::vector<std::string>
      damage;  ///< What keeps the folder from being one whole sequence; empty if nothing.
};

/// The images of a folder, ordered by the last number in their names; other files and hidden ones
/// are left out.
ImageSequence list_image_sequence(const std::string& directory);

std::unique_ptr<FrameReader> open_image_sequence(const std::string& directory,
                                                 const VideoOptions& options);

}  // namespace physprobe
