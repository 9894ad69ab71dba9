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
};

inline std::optional<ContractCase> contract_case(const std::string& family) {
  if (family == "pixels")
    return ContractCase{
        {{"family", "pixels"}, {"preprocess", {{"height", 40}, {"width", 28}}}}, 3, 40, 28, {}};
  if (family == "v1") {
    return ContractCase{{{"family", "v1"}, {"options", {{"size", 48}, {"scales", 4}}}},
                        1,
                        48,
                        48,
                        {{"size", 64},
                         {"scales", 3},
                         {"orientations", 5},
                         {"readout", "amplitude"},
                         {"front_end", "none"}}};
  }
  return std::nullopt;
}

}  // namespace physprobe::testing
