#pragma once
// The layout "intphys": dev and test of IntPhys (Riochet et al. 2018), rendered quadruplets of two
// possible and two impossible videos. Internal.
//   [dev|test/]{O1,O2,O3}/<scene>/{1,2,3,4}/scene/scene_001.png …, status.json (dev)
//   task.txt (test, from the starter kit): a line <block>/<scene>/<video> for every video

#include "physprobe/datasets/dataset_layout.h"

#include <string>

namespace physprobe {

/// True for a folder with O1, O2 or O3, directly or in `dev` or `test`, that hold scenes.
bool is_intphys(const std::string& path);

/// Items by block, scene, video; ids are <block>/<scene>/<video>, as in the task list, whichever
/// folder is named. label (from status.json; "" without, as in test), group (the quadruplet),
/// property (block), split (dev, test). pair stays "": the partners of a quadruplet are found from
/// the frames (eval/voe/quadruplet_pairing.h). Reports scenes without four videos, videos that have
/// not 100 frames, quadruplets without two possible videos, and, where a task list is there, its
/// lines without a video and videos without a line. Counts: of dev.
DatasetListing list_intphys(const std::string& path, const DatasetOptions& options);

}  // namespace physprobe
