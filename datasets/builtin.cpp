#include "physprobe/datasets/dataset_layout.h"
#include "physprobe/datasets/manifest.h"
#include "physprobe/datasets/video_folder.h"
#include "physprobe/datasets/voe/grasp.h"
#include "physprobe/datasets/voe/inflevel.h"
#include "physprobe/datasets/voe/intphys.h"
#include "physprobe/datasets/voe/intphys2.h"
#include "physprobe/datasets/voe/likephys.h"

namespace physprobe {

const std::vector<DatasetLayout>& builtin_layouts() {
  static const std::vector<DatasetLayout> layouts = {
      {"intphys", is_intphys, list_intphys,
       "IntPhys, dev or test: O1, O2, O3 with quadruplets of frame folders"},
      {"grasp", is_grasp, list_grasp, "GRASP, level 2: P_<Scene> and IP_<Scene>"},
      {"inflevel", is_inflevel, list_inflevel,
       "InfLevel-lab: continuity, gravity, solidity and the lists of pairs"},
      {"intphys2", is_intphys2, list_intphys2,
       "IntPhys 2: a split with metadata.csv and Videos, or the folder of all splits"},
      {"likephys", is_likephys, list_likephys,
       "LikePhys: <scenario>_videos/subgroup_<n>/<violation or valid>_<n>.mp4"},
      {"manifest", is_manifest, list_manifest},
      {"videos", is_video_folder, list_video_folder},
  };
  return layouts;
}

}  // namespace physprobe
