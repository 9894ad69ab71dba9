#pragma once
// The sections of a page of grouped scores (Winoground and its relatives, relative accuracy), from
// results.json. Internal.

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace physprobe {

std::string render_grouped_headline(const nlohmann::json& results);
/// What is scored, for the section's first lines.
std::string describe_grouped_protocol(const nlohmann::json& results);
/// Every score with its interval against its own chance level.
std::string render_grouped_chart(const nlohmann::json& results);
std::string render_grouped_scores(const nlohmann::json& results);
/// The models among published results; "" where none ship.
std::string render_published_groups(const nlohmann::json& results);
std::string render_grouped_findings(const nlohmann::json& results);

}  // namespace physprobe
