#pragma once
// How surprise of pairs and quadruplets is scored: flags of every command that does.

#include "physprobe/cli/command.h"
#include "physprobe/eval/voe/score_surprise.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

struct SurpriseScoreFlags {
  std::string pairing = "auto";
  std::string benchmark;
  std::vector<std::string> by;
  bool best_context = false;
  bool relabelled = false;

  void add(CLI::App& app);
  void apply(SurpriseScoreOptions& options) const;
  void apply(SurpriseArrayOptions& options) const;
  /// What a published data set implies: its principles, and cross pairs where videos share one
  /// partner. Flags that were given stay.
  void default_to(const std::string& layout);
  bool is_cross() const { return pairing == "cross"; }
  /// Scores and breakdowns as lines for a terminal.
  std::string text(const nlohmann::ordered_json& results) const;
};

}  // namespace physprobe
