#pragma once
// Flags that every scoring of minimal pairs takes.

#include "physprobe/cli/command.h"
#include "physprobe/eval/minimal_pairs/pair_scores.h"

#include <string>

namespace physprobe {

struct PairScoreFlags {
  CommonFlags common;
  PairScoreOptions scores;
  std::string parser = "strict";
  std::string out;
  bool overwrite = false;
  bool no_report = false;

  void add(CLI::App& app);  ///< Statistics, --json, --out and the execution flags.
  PairScoreOptions options() const;
};

}  // namespace physprobe
