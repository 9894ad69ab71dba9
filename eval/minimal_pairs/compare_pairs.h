#pragma once
// Finished scorings of minimal pairs set beside each other and among published results: one column
// a protocol, never two.

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

/// From the results.json of finished runs, all of one protocol (Error(kIncompatible) otherwise,
/// naming them): {protocol, subsets: {<subset>: [{model, origin, pair_accuracy, single_accuracy,
/// tasks}]}}, the rows of a subset by pair accuracy, published results of that subset among them.
/// Results of different subsets never share a table, nor do those of different answer rules.
nlohmann::ordered_json compare_pair_runs(const std::vector<nlohmann::json>& results,
                                         const std::vector<std::string>& names);

/// That document as tables for a terminal.
std::string format_pair_comparison(const nlohmann::ordered_json& comparison);

}  // namespace physprobe
