#pragma once
// Scores from result tables alone, without any video (`score physics-iq --from-table`).

#include "physprobe/core/statistics/bootstrap.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

/// Scores every table; with a descriptions table also per category; over all tables the mean and
/// sample deviation, as CSV and LaTeX too. Throws Error(kInput) naming file, line and column.
nlohmann::ordered_json score_result_tables(const std::vector<std::string>& paths,
                                           const std::string& descriptions,
                                           const BootstrapOptions& statistics,
                                           const std::string& model);

std::string format_scored_tables(const nlohmann::ordered_json& document);

}  // namespace physprobe
