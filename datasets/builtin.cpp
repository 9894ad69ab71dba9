#include "physprobe/datasets/dataset_layout.h"
#include "physprobe/datasets/manifest.h"
#include "physprobe/datasets/video_folder.h"

namespace physprobe {

const std::vector<DatasetLayout>& builtin_layouts() {
  static const std::vector<DatasetLayout> layouts = {
      {"manifest", is_manifest, list_manifest},
      {"videos", is_video_folder, list_video_folder},
  };
  return layouts;
}

}  // namespace physprobe
