#include "physprobe/encoders/builtin.h"

#include "physprobe/encoders/exec_encoder.h"
#include "physprobe/encoders/pixels_encoder.h"
#include "physprobe/encoders/torchscript_encoder.h"
#include "physprobe/encoders/v1_encoder.h"
#include "physprobe/encoders/vit_encoder.h"
#include "physprobe/encoders/vit_family.h"
#include "physprobe/encoders/vit_options.h"

#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

std::vector<BuiltinFamily> all_families() {
  std::vector<BuiltinFamily> families = {
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
      {{"exec",
        "Any model in any framework, served by a process of your own (docs/exec_protocol.md)",
        false,
        false,
        {"command", "version", "name", "device", "timeout_seconds", "start_timeout_seconds"}},
       make_exec_encoder},
      {{"torchscript",
        "A program that torch.jit.save wrote; runs only with --trust-model or a pinned digest",
        false,
        true,
        {"trust_model", "digest", "name", "prefix_tokens"}},
       make_torchscript_encoder},
  };
  for (const VitFamily& family : vit_families()) {
    families.push_back(
        {{family.name, family.description, family.is_verified, true, vit_option_names(family)},
         [&family](const nlohmann::json& config) { return make_vit_encoder(family, config); }});
  }
  return families;
}

}  // namespace

const std::vector<BuiltinFamily>& builtin_families() {
  static const std::vector<BuiltinFamily> families = all_families();
  return families;
}

}  // namespace physprobe
