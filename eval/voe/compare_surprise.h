#pragma once
// Finished surprise runs beside each other and each among the published results of its benchmark
// that state the same thing.

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

/// `compare_grouped_runs` and `published`: [{benchmark, statistic, protocol, columns, rows:
/// [{model, origin, values: {<column>}, reading, source}]}], by the first column that most rows
/// have. A run enters a table with the very statistic that the table states, with its skip and
/// window where it has one of each, and only as scored on given pairs of that benchmark (`probe
/// surprise
/// --benchmark`); `not_shown` names tables that no run enters. Throws as `compare_grouped_runs`
/// does, and Error(kIncompatible) for runs of two benchmarks.
nlohmann::ordered_json compare_surprise_runs(const std::vector<nlohmann::json>& results,
                                             const std::vector<std::string>& names);

std::string format_surprise_comparison(const nlohmann::ordered_json& comparison);

}  // namespace physprobe
