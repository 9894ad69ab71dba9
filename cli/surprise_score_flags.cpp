#include "physprobe/cli/surprise_score_flags.h"

#include "physprobe/datasets/dataset.h"
#include "physprobe/eval/voe/surprise_breakdown.h"
#include "physprobe/eval/voe/surprise_table.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace physprobe {

void SurpriseScoreFlags::add(CLI::App& app) {
  app.add_option("--pairing", pairing,
                 "Which possible video is held against which impossible one: the data set's pairs "
                 "(given), or all of a quadruplet (cross; another metric); auto: given, but for "
                 "LikePhys")
      ->check(CLI::IsMember({"auto", "given", "cross"}))
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
  app.add_flag("--relabelled", relabelled,
               "InfLevel: only pairs that can be told without the priming (benchmark "
               "inflevel-relabelled)");
}

void SurpriseScoreFlags::apply(SurpriseScoreOptions& options) const {
  options.pairing = is_cross() ? SurprisePairing::kCross : SurprisePairing::kGiven;
  options.benchmark = benchmark;
}

void SurpriseScoreFlags::apply(SurpriseArrayOptions& options) const {
  if (by.empty()) return;
  options.attributes = by;
  options.attributes_are_required = true;
}

void SurpriseScoreFlags::default_to(const std::string& layout) {
  const std::vector<PublishedLayout> published = published_layouts();
  const bool is_published =
      std::any_of(published.begin(), published.end(),
                  [&](const PublishedLayout& known) { return known.name == layout; });
  if (benchmark.empty() && is_published)
    benchmark = layout + (layout == "inflevel" && relabelled ? "-relabelled" : "");
  if (pairing == "auto" && layout == "likephys") pairing = "cross";
}

std::string SurpriseScoreFlags::text(const nlohmann::ordered_json& results) const {
  return format_surprise_scores(results) + format_breakdowns(results, best_context);
}

}  // namespace physprobe
