#include "physprobe/datasets/voe/annotation_table.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>

namespace physprobe {

AnnotationTable::AnnotationTable(const std::string& path,
                                 const std::string& name,
                                 const std::vector<std::string>& required,
                                 DatasetListing& listing) {
  std::vector<CsvRow> rows;
  try {
    rows = parse_csv(read_file(path), name);
  } catch (const Error& error) {
    listing.report(0, error.what());
    return;
  }
  if (rows.empty()) {
    listing.report(0, fmt::format("'{}' is empty; expected a heading", name));
    return;
  }
  const std::vector<std::string>& heading = rows.front().fields;
  for (std::size_t i = 0; i < heading.size(); ++i) columns_.emplace(heading[i], i);
  std::vector<std::string> missing;
  for (const std::string& column : required) {
    if (!has(column)) missing.push_back(column);
  }
  if (!missing.empty()) {
    listing.report(0, fmt::format("'{}' lacks the column{} {}; found: {}", name,
                                  missing.size() == 1 ? "" : "s", fmt::join(missing, ", "),
                                  fmt::join(heading, ", ")));
    return;
  }
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].fields.size() == heading.size()) {
      rows_.push_back(std::move(rows[i]));
    } else {
      listing.report(rows[i].line, fmt::format("of '{}' has {} cells, the heading {}", name,
                                               rows[i].fields.size(), heading.size()));
    }
  }
}

std::string AnnotationTable::cell(const CsvRow& row, const std::string& column) const {
  const auto found = columns_.find(column);
  if (found == columns_.end()) return "";
  const std::string& text = row.fields[found->second];
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool heading_has(const std::string& path, const std::vector<std::string>& columns) {
  std::ifstream file(path, std::ios::binary);
  std::string line;
  if (!file || !std::getline(file, line)) return false;
  try {
    const std::vector<CsvRow> rows = parse_csv(line + "\n", path);
    if (rows.size() != 1) return false;
    for (const std::string& column : columns) {
      bool is_there = false;
      for (const std::string& name : rows.front().fields) is_there = is_there || name == column;
      if (!is_there) return false;
    }
    return true;
  } catch (const Error&) {
    return false;  // not the CSV file that is looked for
  }
}

}  // namespace physprobe
