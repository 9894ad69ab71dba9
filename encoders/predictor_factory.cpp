// From a config to a predictor: the table of families that have one.

#include "physprobe/core/error.h"
#include "physprobe/encoders/encoder_config.h"
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/encoders/exec_model.h"
#include "physprobe/encoders/exec_predictor.h"
#include "physprobe/encoders/pixel_copy_predictor.h"
#include "physprobe/encoders/predictor.h"
#include "physprobe/encoders/video_predictor.h"
#include "physprobe/encoders/vit_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

const char* const kSubject = "predictor config";

}  // namespace

std::unique_ptr<Predictor> make_predictor(const nlohmann::json& given) {
  const nlohmann::json config = expand_exec_shorthand(given);
  refuse_unknown_keys(config, {"family", "id", "weights", "options", "preprocess"}, kSubject);
  const std::string name = encoder_family_of(config);
  if (name == "exec") return make_exec_predictor(config);
  if (name == "pixels") return make_pixel_copy_predictor(config);
  std::vector<std::string> predicting = {"exec", "pixels"};
  for (const VitFamily& family : vit_families()) {
    if (family.decoder_namings.empty()) continue;
    if (family.name != name) {
      predicting.push_back(family.name);
      continue;
    }
    const nlohmann::json options = object_field(config, "options", kSubject);
    refuse_unknown_keys(options, vit_option_names(family), name + ".options");
    return make_video_predictor(family, config);
  }
  const std::string weights = config.value("weights", std::string());
  throw Error(weights.empty() ? ErrorKind::kUsage : ErrorKind::kIncompatible,
              weights.empty() ? kSubject : weights,
              fmt::format("the family '{}' has no predictor; these have: {} (exec:COMMAND serves "
                          "any model of your own)",
                          name, fmt::join(predicting, ", ")));
}

}  // namespace physprobe
