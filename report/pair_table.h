#pragma once
// Tables and cells that the sections of a page of minimal-pair scores are made of. Internal.

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <utility>
#include <vector>

namespace physprobe {

/// More rows than these are left to the files, and the page says so.
constexpr std::size_t kMostPairRows = 500;

/// A text of the results, escaped and isolated.
std::string pair_text(const nlohmann::json& value);
/// Cells of pair_accuracy and single_accuracy with their intervals.
std::string scores_cells(const nlohmann::json& scores);
/// A cell with a p-value.
std::string p_cell(const nlohmann::json& p);
/// `heads`: HTML and whether the column holds numbers.
std::string pair_table(const std::string& css,
                       const std::vector<std::pair<std::string, bool>>& heads,
                       const std::string& rows,
                       const std::string& label);
/// A sentence on the rows beyond kMostPairRows and where they stand; "" if there are none.
std::string left_out_note(std::size_t count, const char* where);
std::string definition_row(const std::string& term, const std::string& text);
/// The groups of a model: one per subset.
nlohmann::json groups_of(const nlohmann::json& model);

}  // namespace physprobe
