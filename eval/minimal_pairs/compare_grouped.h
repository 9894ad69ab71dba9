#pragma once
// Finished runs of grouped scores beside each other and among published results.

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

/// From the results.json of finished runs, all of one protocol (Error(kIncompatible) otherwise,
/// naming them): {protocol, kinds, tasks: {<task>: [{model, origin, scores: {<kind>: {value,
/// interval}}}]}}, rows by the last kind, published results among them.
nlohmann::ordered_json compare_grouped_runs(const std::vector<nlohmann::json>& results,
                                            const std::vector<std::string>& names);

/// That document as tables for a terminal.
std::string format_grouped_comparison(const nlohmann::ordered_json& comparison);

}  // namespace physprobe
