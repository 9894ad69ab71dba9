#pragma once
// The layout "videos": a folder of video files and of sub-folders of numbered images, at any depth,
// or one video file. Internal.

#include "physprobe/datasets/dataset_layout.h"

namespace physprobe {

/// True for a directory, and for a file whose name is a video's.
bool is_video_folder(const std::string& path);

/// Items in byte order of their relative paths. Every file with a video's extension is an item;
/// a folder (the given one too) that holds numbered images and no video directly is one item.
/// Hidden names are left out. Linked folders are entered only where going outside the root is
/// allowed: what lies inside is listed at its own place. Finding nothing is a problem that says
/// what was looked for.
DatasetListing list_video_folder(const std::string& path, const DatasetOptions& options);

}  // namespace physprobe
