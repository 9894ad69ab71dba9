#pragma once
// The flags by which run, embed and config name a suite and change it.

#include "physprobe/cli/command.h"
#include "physprobe/eval/suite.h"

#include <string>
#include <vector>

namespace physprobe {

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
