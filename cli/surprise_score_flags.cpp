#include "physprobe/cli/surprise_score_flags.h"

#include "physprobe/eval/minimal_pairs/grouped_document.h"
#include "physprobe/eval/voe/surprise_breakdown.h"

#include <nlohmann/json.hpp>

namespace physprobe {

void SurpriseScoreFlags::add(CLI::App& app) {
  app.add_option("--pairing", pairing,
                 "Which possible video is held against which impossible one: the data set's pairs "
                 "(given), or all of a quadruplet (cross; another metric)")
      ->check(CLI::IsMember({"given", "cross"}))
      ->capture_default_str();
  app.add_option("--benchmark", benchmark,
                 "Whose principles results are grouped by and whose published results compare "
                 "shows: intphys, grasp, inflevel, inflevel-relabelled, intphys2, likephys")
      ->type_name("NAME");
  app.add_option("--by", by,
                 "Columns of the manifest to break results down by (default: condition, "
                 "difficulty, camera)")
      ->delimiter(',')
      ->type_name("COLUMN");
  app.add_flag("--best-context", best_context,
               "Also print the best context of every group, as published for IntPhys 2, beside "
               "what exchanged labels reach");
}

void SurpriseScoreFlags::apply(SurpriseScoreOptions& options) const {
  options.pairing = pairing == "cross" ? SurprisePairing::kCross : SurprisePairing::kGiven;
  options.benchmark = benchmark;
}

void SurpriseScoreFlags::apply(SurpriseArrayOptions& options) const {
  if (!by.empty()) options.attributes = by;
}

std::string SurpriseScoreFlags::text(const nlohmann::ordered_json& results) const {
  return format_flat_scores(results) + format_breakdowns(results, best_context);
}

}  // namespace physprobe
