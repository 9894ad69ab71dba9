#pragma once
// The numbers of a run as tables: every layer with its intervals and its controls beside it, and
// every score. Internal.

#include "physprobe/report/run_files.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

/// The first entry of results.scores with these keys, or null.
const nlohmann::json& find_score(const nlohmann::json& results,
                                 const std::string& name,
                                 const std::string& encoder,
                                 const std::string& tap,
                                 const std::string& condition,
                                 const std::string& label);

/// The row of results.layer_profile with these keys, or null.
const nlohmann::json& find_profile(const nlohmann::json& results,
                                   const std::string& encoder,
                                   const std::string& tap,
                                   const std::string& condition,
                                   const std::string& label);

/// "" and then every label with numbers of its own, in the order of the scores.
std::vector<std::string> scored_labels(const nlohmann::json& results);

/// "all videos", or the label.
std::string label_name(const std::string& label);

/// What is said of an entry of results.nulls, without a leading "not applicable: ", which the page
/// sets itself.
std::string null_text(const nlohmann::json& null);

std::string render_summary_table(const RunFiles& run);
std::string render_score_table(const RunFiles& run);

}  // namespace physprobe
