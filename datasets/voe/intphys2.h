#pragma once
// The layout "intphys2": a split of IntPhys 2 (Bordes et al. 2025) or the folder of its splits.
// Internal.
//   {Debug,Main,HeldOut}/metadata.csv and Videos/<name>.mp4, as released; or
//   labels.csv with `filename` and Images/<filename>/ with numbered frames, as the released
//   prediction code expects it.

#include "physprobe/datasets/dataset_layout.h"

#include <string>

namespace physprobe {

/// True for a folder with such a table, and for one with a folder Debug, Main or HeldOut with one.
bool is_intphys2(const std::string& path);

/// Items in the order of the table, ids are the names without extension (files of two releases
/// order and label rows differently: join by name). label, pair (scene and leading digit of
/// `type`), group (scene), split; attributes property (the condition, its two variants merged),
/// condition (as written), difficulty, camera, game, environment. A split without a table (the
/// held-out one is released so) lists its videos without labels. Counts: scenes, videos, pairs of
/// the released splits.
DatasetListing list_intphys2(const std::string& path, const DatasetOptions& options);

}  // namespace physprobe
