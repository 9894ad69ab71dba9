#pragma once
// Flags that every scoring of minimal pairs takes.

#include "physprobe/cli/command.h"
#include "physprobe/eval/minimal_pairs/pair_scores.h"
#include "physprobe/eval/minimal_pairs/score_document.h"

#include <map>
#include <string>
#include <vector>

namespace physprobe {

struct PairScoreFlags {
  CommonFlags common;
  PairScoreOptions scores;
  std::string parser = "strict";
  std::string out;
  bool overwrite = false;
  bool no_report = false;

  void add_output(CLI::App& app);      ///< --out, --overwrite, --no-report.
  void add_statistics(CLI::App& app);  ///< --resamples, --seed, --level.
  void add(CLI::App& app);             ///< Statistics, --json, --out and the execution flags.
  PairScoreOptions options() const;
};

/// OURS=THEIRS texts as a map. Throws Error(kUsage) naming one that is not.
std::map<std::string, std::string> column_mapping(const std::vector<std::string>& given);

/// The problems by kind on stderr, a few of each; all stand in the JSON and in failures.jsonl.
void print_pair_problems(const ModelProblems& problems, Invocation& invocation);

}  // namespace physprobe
