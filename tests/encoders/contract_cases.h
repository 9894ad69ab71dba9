#pragma once
// One small configuration of every encoder family for the contract test.

#include "support/golden.h"

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <string>

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
  if (family == "dinov2") {
    result.config["weights"] = golden_path("encoders/dinov2_plain.orig.safetensors");
    result.config["options"] = {{"heads", 3}};
    result.config["preprocess"] = {{"resize", "none"}, {"crop", 0}};
    result.height = 28;
    result.width = 42;
    result.other_values = {{"heads", 6}, {"pos_interp", "size"}, {"preset", "restrav"}};
    result.refused_values = {{"size", "vits14"}, {"digest", "0000"}, {"random_seed", 1}};
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
