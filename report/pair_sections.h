#pragma once
// The sections of a page of minimal-pair scores, from results.json. Internal.

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace physprobe {

std::string render_pair_headline(const nlohmann::json& results);
std::string render_pair_notes(const nlohmann::json& results);
/// Pair and single accuracy per model and task against chance; the table holds every source too.
std::string render_pair_chart(const nlohmann::json& results);
std::string render_pair_scores(const nlohmann::json& results);
std::string render_pair_comparisons(const nlohmann::json& results);
/// The models among published results of the same subset.
std::string render_published_pairs(const nlohmann::json& results);
std::string render_pair_diagnostics(const nlohmann::json& results);
std::string render_disagreeing_parses(const nlohmann::json& results);
std::string render_pair_problems(const nlohmann::json& results);
std::string render_pair_provenance(const nlohmann::json& results);

}  // namespace physprobe
