#pragma once
// One small configuration of every encoder family for the contract test.

#include "support/golden.h"
#include "support/temp_dir.h"

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <string>

#include "vit_saved.h"

namespace physprobe::testing {

struct ContractCase {
  nlohmann::json config;
  int64_t channels = 3;
  int64_t height = 0;
  int64_t width = 0;
  std::map<std::string, nlohmann::json>
      other_values;  ///< Per option, a value other than in `config`.
  std::map<std::string, nlohmann::json>
      refused_values;  ///< Options that change no value of `config`'s encoder: one that is refused.
  std::map<std::string, nlohmann::json>
      neutral_values;  ///< Options of speed and of names: another value changes no number.
};

inline std::optional<ContractCase> contract_case(const std::string& family) {
  ContractCase result;
  result.config["family"] = family;
  if (family == "pixels") {
    result.config["preprocess"] = {{"height", 40}, {"width", 28}};
    result.height = 40;
    result.width = 28;
    return result;
  }
  if (family == "v1") {
    result.config["options"] = {{"size", 48}, {"scales", 4}};
    result.channels = 1;
    result.height = 48;
    result.width = 48;
    result.other_values = {{"size", 64},
                           {"scales", 3},
                           {"orientations", 5},
                           {"readout", "amplitude"},
                           {"front_end", "none"}};
    return result;
  }
  struct Vit {
    const char* family;
    const char* weights;
    int64_t patch;
    nlohmann::json position;
  };
  const Vit vits[] = {{"dinov2", "dinov2_plain", 14, "size"},
                      {"dinov3", "dinov3", 16, nullptr},
                      {"ijepa", "ijepa", 14, "scale"},
                      {"vit", "msn_vit", 16, "size"},
                      {"mae", "msn_vit", 16, "scale"},
                      {"msn", "msn_vit", 16, "size"},
                      {"clip", "clip", 16, "size"},
                      {"siglip", "", 16, "scale"},
                      {"vjepa", "", 16, nullptr},
                      {"vjepa2", "", 16, nullptr},
                      {"vjepa2_1", "", 16, nullptr},
                      {"videomae", "", 16, nullptr}};
  for (const Vit& vit : vits) {
    if (family != vit.family) continue;
    result.config["weights"] =
        golden_path("encoders/" + std::string(vit.weights) + ".orig.safetensors");
    if (vit.weights[0] == '\0') {  // drawn weights under the naming of its files
      static const TempDir dir;
      const std::string file = dir / (family + ".safetensors");
      result.config["weights"] = file;
      write_small_model(vit_family(family), *vit_family(family).namings.front(), file);
    }
    result.config["options"] = {{"heads", 3}};
    result.config["preprocess"] = {{"resize", "none"}, {"crop", 0}};
    result.height = 2 * vit.patch;
    result.width = 3 * vit.patch;
    if (family == "clip" || family == "msn") {  // other sizes or shapes are refused
      result.height = 3 * vit.patch;
    }
    result.other_values = {{"heads", 6}, {"preset", "restrav"}, {"dtype", "bfloat16"}};
    result.refused_values = {{"size", "no size"},
                             {"digest", "0000"},
                             {"random_seed", 1},
                             {"checkpoint_key", "elsewhere"}};
    if (family == "dinov3") {  // the periods in the file fit its number of heads only
      result.other_values.erase("heads");
      result.refused_values["heads"] = 12;
    }
    if (vit_family(family).base.tubelet > 1) {
      result.other_values["preset"] = "inflevel";
      if (family != "vjepa2_1") {
        result.neutral_values = {{"predictor_heads", 1}, {"mask_token", 1}};
      }
      if (family == "videomae") result.neutral_values["prediction"] = "published_zeros";
    }
    if (family == "vjepa2" || family == "vjepa2_1" || family == "videomae") {
      result.other_values["heads"] = 1;  // narrower heads could not be cut into slices
    }
    if (vit.position.is_null()) {
      result.refused_values["pos_interp"] = "none";
    } else {
      result.other_values["pos_interp"] = vit.position;
    }
    return result;
  }
  if (family == "torchscript") {
    result.config["weights"] = golden_path("encoders/torchscript_small.pt");
    result.config["options"] = {{"trust_model", true}};
    result.config["preprocess"] = {
        {"resize", "squash"}, {"height", 48}, {"width", 32}, {"crop", 0}};
    result.height = 48;
    result.width = 32;
    result.other_values = {{"prefix_tokens", 1}};
    result.refused_values = {{"digest", "0000"}, {"trust_model", false}};
    result.neutral_values = {{"name", "other"}};
    return result;
  }
  if (family == "exec") {
    result.config["options"] = {{"command", PHYSPROBE_EXEC_CHILD}};
    result.height = 40;
    result.width = 28;
    result.other_values = {{"command", std::string(PHYSPROBE_EXEC_CHILD) + " chatty"}};
    result.refused_values = {{"version", "2"}};
    result.neutral_values = {{"name", "other"},
                             {"device", "cuda:0"},
                             {"timeout_seconds", 300},
                             {"start_timeout_seconds", 300}};
    return result;
  }
  return std::nullopt;
}

}  // namespace physprobe::testing
