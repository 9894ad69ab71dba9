#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/datasets/manifest_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace physprobe {

namespace {

/// Reports what is wrong with the heading; true if rows can be read under it.
bool check_heading(const std::vector<std::string>& heading, int64_t line, ManifestRows& rows) {
  DatasetListing& listing = rows.listing();
  const std::size_t problems_before = listing.problems.size();
  if (heading.size() == 1 && heading.front().find_first_of(";\t") != std::string::npos) {
    listing.report(line, "the columns are separated by ';' or tabs; expected commas");
    return false;
  }
  std::set<std::string> seen;
  for (std::size_t i = 0; i < heading.size(); ++i) {
    if (heading[i].empty()) {
      listing.report(line, fmt::format("column {} of the heading has no name", i + 1));
    } else if (!seen.insert(heading[i]).second) {
      listing.report(line, fmt::format("the heading names column '{}' twice", heading[i]));
    }
  }
  std::vector<std::string> required = rows.names().mapped();
  if (std::find(required.begin(), required.end(), "path") == required.end()) {
    required.emplace_back("path");
  }
  for (const std::string& standard : required) {
    if (seen.count(rows.names().theirs(standard)) == 0) {
      listing.report(line, rows.names().missing(standard, heading));
    }
  }
  return listing.problems.size() == problems_before;
}

struct Column {
  std::string name;
  const std::vector<const StandardColumn*>* meanings;
};

void read_row(const std::vector<Column>& columns, CsvRow&& row, ManifestRows& rows) {
  if (row.fields.size() != columns.size()) {
    const char* hint = row.fields.size() > columns.size()
                           ? "; a cell that contains a comma must be in quotes"
                           : "";
    rows.listing().report(row.line, fmt::format("has {} cells, the heading {}{}", row.fields.size(),
                                                columns.size(), hint));
    return;
  }
  DatasetItem item;
  item.line = row.line;
  bool is_sound = true;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::string problem =
        store_cell(*columns[i].meanings, columns[i].name, std::move(row.fields[i]), item);
    if (problem.empty()) continue;
    rows.listing().report(row.line, std::move(problem));
    is_sound = false;
  }
  rows.finish(std::move(item), is_sound);
}

}  // namespace

void read_csv_rows(std::string_view text, const std::string& subject, ManifestRows& rows) {
  std::vector<CsvRow> table;
  try {
    table = parse_csv(text, subject);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
    // Where the quoting is broken no later row can be trusted: this is the only finding.
    rows.listing().report(0, error.message());
    return;
  }
  if (table.empty()) {
    rows.listing().report(0, "is empty; expected a heading and one row per item");
    return;
  }
  const std::vector<std::string>& heading = table.front().fields;
  if (!check_heading(heading, table.front().line, rows)) return;
  if (table.size() == 1) rows.listing().report(0, "lists no items below its heading");
  std::vector<Column> columns;
  for (const std::string& name : heading) columns.push_back({name, &rows.names().meanings(name)});
  rows.listing().items.reserve(table.size() - 1);
  for (std::size_t i = 1; i < table.size(); ++i) read_row(columns, std::move(table[i]), rows);
}

}  // namespace physprobe
