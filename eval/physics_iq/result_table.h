#pragma once
// The result table of one Physics-IQ run, as the official evaluator writes and reads it: one row
// per scene, twelve columns per view.

#include "physprobe/eval/physics_iq/view_metrics.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace physprobe {

struct ResultRow {
  std::string scenario;                      ///< "trimmed-<scene>.mp4".
  std::map<std::string, ViewMetrics> views;  ///< By view: "left", "center", "right".
};

struct ResultTable {
  std::string source;              ///< File or run name, for messages.
  std::vector<std::string> views;  ///< In the order of the columns.
  std::vector<ResultRow> rows;
  std::vector<std::string> missing_columns;  ///< Of those that scores need.
};

/// The three views of the benchmark, in its order.
const std::vector<std::string>& physics_iq_views();

/// Numbers of a list cell "[a, b, …]", each rounded to four decimals as the evaluator does
/// (correctly rounded, so that every score matches). What is no number is skipped. Throws
/// Error(kInput) naming `subject` for a cell without brackets or without any number.
std::vector<double> parse_metric_list(const std::string& cell, const std::string& subject);

/// Reads a table. Lists are rounded as above, scalars are not; an empty scalar cell is NaN. Throws
/// Error(kInput) for a file without rows, a doubled scene, an empty list or an unreadable number,
/// naming line and column.
ResultTable read_result_table(const std::string& path);
ResultTable parse_result_table(const std::string& text, const std::string& subject);

/// The same rounding for values that were never text.
ResultTable rounded_for_scoring(ResultTable table);

/// The table as the evaluator writes it: 12 columns per view, lists as text, shortest decimals.
std::string format_result_table(const ResultTable& table);

/// The rows whose scenario is accepted, in order.
ResultTable select_rows(const ResultTable& table,
                        const std::function<bool(const std::string&)>& accepts);

}  // namespace physprobe
