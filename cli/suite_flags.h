#pragma once
// The flags by which run, embed and config name a suite and change it.

#include "physprobe/cli/command.h"
#include "physprobe/eval/suite.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

/// The configuration behind what --encoder says: a family, weights (a path, "owner/model" or a
/// preset such as dinov2_vits14), the YAML file of an encoder, or exec:COMMAND. Throws
/// Error(kInput) for a file that cannot be read.
nlohmann::json encoder_config(const std::string& text);

/// `config` with the user's word that TorchScript programs may run (--trust-model); other families
/// stay as they are.
nlohmann::json with_trust(nlohmann::json config);

struct SuiteFlags {
  std::string path;
  std::vector<std::string> set;
  std::vector<std::string> encoders;
  std::string columns;
  int64_t limit = -1;
  int64_t seed = -1;
  bool allow_outside_root = false;
  bool trust_model = false;

  void add(CLI::App& app);
  Suite load() const;
};

}  // namespace physprobe
