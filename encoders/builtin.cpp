#include "physprobe/encoders/builtin.h"

#include "physprobe/encoders/dinov2_encoder.h"
#include "physprobe/encoders/exec_encoder.h"
#include "physprobe/encoders/pixels_encoder.h"
#include "physprobe/encoders/v1_encoder.h"

namespace physprobe {

const std::vector<BuiltinFamily>& builtin_families() {
  static const std::vector<BuiltinFamily> families = {
      {{"pixels",
        "The preprocessed frame itself: the floor every representation is compared with",
        true,
        false,
        {}},
       make_pixels_encoder},
      {{"v1",
        "Retina and primary visual cortex without trained weights (Henaff et al. 2019)",
        true,
        false,
        {"size", "scales", "orientations", "readout", "front_end"}},
       make_v1_encoder},
      {{"dinov2",
        "DINOv2 vision transformers S to g, with and without registers (Oquab et al. 2023)",
        true,
        true,
        {"size", "heads", "pos_interp", "preset", "digest", "random_seed"}},
       make_dinov2_encoder},
      {{"exec",
        "Any model in any framework, served by a process of your own (docs/exec_protocol.md)",
        false,
        false,
        {"command", "version", "name", "device", "timeout_seconds", "start_timeout_seconds"}},
       make_exec_encoder},
  };
  return families;
}

}  // namespace physprobe
