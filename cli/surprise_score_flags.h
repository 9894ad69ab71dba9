#pragma once
// How surprise of pairs and quadruplets is scored: flags of every command that does.

#include "physprobe/cli/command.h"
#include "physprobe/eval/voe/score_surprise.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

struct SurpriseScoreFlags {
  std::string pairing = "given";
  std::string benchmark;
  std::vector<std::string> by;
  bool best_context = false;

  void add(CLI::App& app);
  void apply(SurpriseScoreOptions& options) const;
  void apply(SurpriseArrayOptions& options) const;
  /// Scores and breakdowns as lines for a terminal.
  std::string text(const nlohmann::ordered_json& results) const;
};

}  // namespace physprobe
