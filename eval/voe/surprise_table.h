#pragma once
// Surprise scores for a terminal: property by property, the model above its nulls.

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace physprobe {

/// From the document of `score_surprise`: for each property a line per model and null with the
/// fixed context, its interval, Filtered, the best row with what exchanged labels reach, and the
/// row chosen on other scenes; then trajectory scores (where there are any), findings and notes.
std::string format_surprise_scores(const nlohmann::ordered_json& results);

}  // namespace physprobe
