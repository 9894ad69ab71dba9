#pragma once
// The layout "likephys": LikePhys (Yuan et al. 2026), rendered scenarios with one valid video and
// several violations a subgroup. Internal.
//   [data/]<scenario>_videos/subgroup_<n>/valid_<n>.mp4 and <violation>_<n>.mp4

#include "physprobe/datasets/dataset_layout.h"

#include <string>

namespace physprobe {

/// True for a folder with <scenario>_videos/subgroup_<n>, directly or in `data`.
bool is_likephys(const std::string& path);

/// Items by path; ids are <scenario>/<subgroup>/<name>. label, group (the subgroup), property
/// (scenario), attribute violation. The valid video is the partner of every violation of its
/// subgroup, so that items have no pair: pairs are all possible against all impossible videos of a
/// group (cross pairing). Counts: of the released benchmark.
DatasetListing list_likephys(const std::string& path, const DatasetOptions& options);

}  // namespace physprobe
