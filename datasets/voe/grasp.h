#pragma once
// The layout "grasp": level 2 of GRASP (Jassim et al. 2024), intuitive physics in Unity scenes.
// Internal.
//   level2/P_<Scene>/*.mp4 plausible, level2/IP_<Scene>/*.mp4 the same files made implausible

#include "physprobe/datasets/dataset_layout.h"

#include <string>

namespace physprobe {

/// True for a folder with a folder P_<Scene> and its IP_<Scene>, directly or in `level2`.
bool is_grasp(const std::string& path);

/// Items by scene (the sixteen of the surprise protocol; other scenes are left out), then file
/// name; ids are P_<Scene>/<name>. label, pair and group (scene and file name: the same name in
/// both folders), property (scene). Counts: scenes, videos of each side, pairs.
DatasetListing list_grasp(const std::string& path, const DatasetOptions& options);

}  // namespace physprobe
