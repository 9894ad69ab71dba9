#include "physprobe/eval/physics_iq/result_table.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/core/not_a_number.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

namespace physprobe {
namespace {

struct Column {
  const char* stem;
  std::vector<double> ViewMetrics::*list;
  double ViewMetrics::*scalar;
  bool is_scored;  ///< The comparisons with take 2 enter no score.
};

/// In the evaluator's order.
const std::vector<Column>& columns() {
  static const std::vector<Column> all = {
      {"spatiotemporal_iou_v1", &ViewMetrics::spatiotemporal_iou_v1, nullptr, true},
      {"spatiotemporal_iou_v2", &ViewMetrics::spatiotemporal_iou_v2, nullptr, false},
      {"spatial_iou_v1", nullptr, &ViewMetrics::spatial_iou_v1, true},
      {"spatial_iou_v2", nullptr, &ViewMetrics::spatial_iou_v2, false},
      {"weighted_spatial_iou_v1", nullptr, &ViewMetrics::weighted_spatial_iou_v1, true},
      {"weighted_spatial_iou_v2", nullptr, &ViewMetrics::weighted_spatial_iou_v2, false},
      {"v1_mse", &ViewMetrics::mse_v1, nullptr, true},
      {"v2_mse", &ViewMetrics::mse_v2, nullptr, false},
      {"variance_spatial", nullptr, &ViewMetrics::variance_spatial, true},
      {"variance_weighted_spatial", nullptr, &ViewMetrics::variance_weighted_spatial, true},
      {"variance_spatiotemporal_iou", &ViewMetrics::variance_spatiotemporal_iou, nullptr, true},
      {"variance_mse", &ViewMetrics::variance_mse, nullptr, true}};
  return all;
}

constexpr const char* kViewPrefix = "_perspective-";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Length of the number at `text[at]`: [sign] digits* [.] digits+ [e[sign]digits]; 0 if none.
std::size_t number_length(const std::string& text, std::size_t at) {
  std::size_t i = at;
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
  const std::size_t integer = i;
  while (i < text.size() && is_digit(text[i])) ++i;
  if (i + 1 < text.size() && text[i] == '.' && is_digit(text[i + 1])) {
    ++i;
    while (i < text.size() && is_digit(text[i])) ++i;
  } else if (i == integer) {
    return 0;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    std::size_t exponent = i + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    if (exponent < text.size() && is_digit(text[exponent])) {
      while (exponent < text.size() && is_digit(text[exponent])) ++exponent;
      i = exponent;
    }
  }
  return i - at;
}

double to_double(const char* begin, const char* end) {
  if (begin != end && *begin == '+') ++begin;
  double value = kNaN;
  std::from_chars(begin, end, value);
  return value;
}

double rounded_to_four(double value) {
  const std::string text = fmt::format("{:.4f}", value);
  return to_double(text.data(), text.data() + text.size());
}

double parse_scalar(const std::string& cell, const std::string& subject) {
  if (cell.empty()) return kNaN;
  if (cell == "nan" || cell == "NaN") return kNaN;
  if (cell == "inf") return std::numeric_limits<double>::infinity();
  if (cell == "-inf") return -std::numeric_limits<double>::infinity();
  if (number_length(cell, 0) != cell.size())
    throw Error(ErrorKind::kInput, subject, fmt::format("'{}' is no number", cell.substr(0, 40)));
  return to_double(cell.data(), cell.data() + cell.size());
}

/// Python's repr of a float.
std::string repr(double value) {
  if (std::isnan(value)) return "nan";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::vector<std::string> views_in(const std::vector<std::string>& heading) {
  std::vector<std::string> views;
  for (const std::string& name : heading) {
    const std::size_t at = name.find(kViewPrefix);
    if (at == std::string::npos) continue;
    const std::string view = name.substr(at + std::string(kViewPrefix).size());
    if (std::find(views.begin(), views.end(), view) == views.end()) views.push_back(view);
  }
  return views;
}

}  // namespace

const std::vector<std::string>& physics_iq_views() {
  static const std::vector<std::string> views = {"left", "center", "right"};
  return views;
}

std::vector<double> parse_metric_list(const std::string& cell, const std::string& subject) {
  if (cell.empty())
    throw Error(ErrorKind::kInput, subject, "is empty; expected a list of numbers [a, b, …]");
  if (cell.size() < 2 || cell.front() != '[' || cell.back() != ']')
    throw Error(ErrorKind::kInput, subject,
                fmt::format("'{}' is not enclosed in brackets; expected a list [a, b, …]",
                            cell.substr(0, 40)));
  std::vector<double> values;
  for (std::size_t at = 1; at + 1 < cell.size();) {
    const std::size_t length = number_length(cell, at);
    if (length == 0) {
      ++at;
      continue;
    }
    values.push_back(rounded_to_four(to_double(cell.data() + at, cell.data() + at + length)));
    at += length;
  }
  if (values.empty())
    throw Error(ErrorKind::kInput, subject,
                fmt::format("'{}' holds no number; expected a list [a, b, …]", cell.substr(0, 40)));
  return values;
}

ResultTable parse_result_table(const std::string& text, const std::string& subject) {
  const std::vector<CsvRow> rows = parse_csv(text, subject);
  if (rows.empty())
    throw Error(ErrorKind::kInput, subject, "is empty; expected a Physics-IQ result table");
  const std::vector<std::string>& heading = rows.front().fields;
  std::map<std::string, std::size_t> position;
  for (std::size_t i = 0; i < heading.size(); ++i) position[heading[i]] = i;
  ResultTable table;
  table.source = subject;
  table.views = views_in(heading);
  if (position.count("scenario") == 0 || table.views.empty())
    throw Error(ErrorKind::kInput, subject,
                "is no Physics-IQ result table: expected the column 'scenario' and columns such as "
                "'spatial_iou_v1_perspective-left'");
  for (const std::string& view : table.views) {
    for (const Column& column : columns()) {
      const std::string name = column.stem + (kViewPrefix + view);
      if (column.is_scored && position.count(name) == 0) table.missing_columns.push_back(name);
    }
  }
  if (rows.size() < 2)
    throw Error(ErrorKind::kInput, subject, "has a heading but no rows; nothing can be scored");
  std::set<std::string> seen;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    const std::vector<std::string>& fields = rows[r].fields;
    if (fields.size() != heading.size())
      throw Error(ErrorKind::kInput, subject,
                  fmt::format("line {}: {} fields, the heading has {}", rows[r].line, fields.size(),
                              heading.size()));
    ResultRow row;
    row.scenario = fields[position.at("scenario")];
    if (!seen.insert(row.scenario).second)
      throw Error(ErrorKind::kInput, subject,
                  fmt::format("line {}: scene '{}' is there twice", rows[r].line, row.scenario));
    for (const std::string& view : table.views) {
      ViewMetrics& metrics = row.views[view];
      for (const Column& column : columns()) {
        const std::string name = column.stem + (kViewPrefix + view);
        const auto found = position.find(name);
        if (found == position.end()) continue;
        const std::string& cell = fields[found->second];
        const std::string where =
            fmt::format("{}: line {}, column '{}'", subject, rows[r].line, name);
        if (column.list == nullptr) {
          metrics.*column.scalar = parse_scalar(cell, where);
        } else if (column.is_scored || !cell.empty()) {
          metrics.*column.list = parse_metric_list(cell, where);
        }
      }
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

ResultTable read_result_table(const std::string& path) {
  return parse_result_table(read_file(path), path);
}

ResultTable rounded_for_scoring(ResultTable table) {
  for (ResultRow& row : table.rows) {
    for (auto& [view, metrics] : row.views) {
      for (const Column& column : columns()) {
        if (column.list == nullptr) continue;
        for (double& value : metrics.*column.list) value = rounded_to_four(value);
      }
    }
  }
  return table;
}

std::string format_result_table(const ResultTable& table) {
  std::vector<std::string> heading = {"scenario"};
  for (const std::string& view : table.views)
    for (const Column& column : columns()) heading.push_back(column.stem + (kViewPrefix + view));
  CsvWriter csv(heading);
  for (const ResultRow& row : table.rows) {
    csv.cell(row.scenario);
    for (const std::string& view : table.views) {
      const auto found = row.views.find(view);
      for (const Column& column : columns()) {
        if (found == row.views.end()) {
          csv.empty_cell();
        } else if (column.list == nullptr) {
          const double value = found->second.*column.scalar;
          std::isnan(value) ? csv.empty_cell() : csv.cell(repr(value));
        } else {
          std::string cell;
          for (const double value : found->second.*column.list)
            cell += (cell.empty() ? "[" : ", ") + repr(value);
          cell.empty() ? csv.empty_cell() : csv.cell(cell + "]");
        }
      }
    }
    csv.end_row();
  }
  return csv.text();
}

ResultTable select_rows(const ResultTable& table,
                        const std::function<bool(const std::string&)>& accepts) {
  ResultTable part = table;
  part.rows.clear();
  for (const ResultRow& row : table.rows)
    if (accepts(row.scenario)) part.rows.push_back(row);
  return part;
}

}  // namespace physprobe
