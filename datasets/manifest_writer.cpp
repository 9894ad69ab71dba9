#include "physprobe/datasets/manifest_writer.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/datasets/manifest_columns.h"

#include <algorithm>
#include <set>

namespace physprobe {

namespace {

bool is_filled(const DatasetItem& item, const StandardColumn& column) {
  return column.text != nullptr ? !(item.*(column.text)).empty()
                                : (item.*(column.number)).has_value();
}

std::vector<const StandardColumn*> columns_of(const std::vector<DatasetItem>& items) {
  std::vector<const StandardColumn*> columns;
  for (const StandardColumn& column : standard_columns()) {
    const bool is_required = std::string(column.name) == "id" || std::string(column.name) == "path";
    const bool is_used = std::any_of(items.begin(), items.end(), [&](const DatasetItem& item) {
      return is_filled(item, column);
    });
    if (is_required || is_used) columns.push_back(&column);
  }
  return columns;
}

std::vector<std::string> attributes_of(const std::vector<DatasetItem>& items) {
  std::set<std::string> names;
  for (const DatasetItem& item : items) {
    if (item.id.empty() || item.relative_path.empty()) {
      throw Error(ErrorKind::kUsage, item.id.empty() ? item.relative_path : item.id,
                  "an item of a manifest needs an id and a relative path");
    }
    for (const auto& [name, value] : item.attributes) names.insert(name);
  }
  for (const std::string& name : names) {
    const auto has_name = [&](const StandardColumn& column) { return name == column.name; };
    if (name.empty() ||
        std::any_of(standard_columns().begin(), standard_columns().end(), has_name)) {
      throw Error(ErrorKind::kUsage, name,
                  "an attribute needs a name, and not that of a standard column");
    }
  }
  return {names.begin(), names.end()};
}

void write_cell(const DatasetItem& item, const StandardColumn& column, CsvWriter& csv) {
  if (column.text != nullptr) {
    csv.cell(item.*(column.text));
  } else if (const std::optional<double>& seconds = item.*(column.number)) {
    csv.cell(*seconds);
  } else {
    csv.empty_cell();
  }
}

}  // namespace

std::string manifest_csv(const std::vector<DatasetItem>& items) {
  const std::vector<const StandardColumn*> columns = columns_of(items);
  const std::vector<std::string> attributes = attributes_of(items);
  std::vector<std::string> heading;
  for (const StandardColumn* column : columns) heading.emplace_back(column->name);
  heading.insert(heading.end(), attributes.begin(), attributes.end());
  CsvWriter csv(heading);
  for (const DatasetItem& item : items) {
    for (const StandardColumn* column : columns) write_cell(item, *column, csv);
    for (const std::string& name : attributes) {
      const auto found = item.attributes.find(name);
      csv.cell(found == item.attributes.end() ? std::string() : found->second);
    }
    csv.end_row();
  }
  return csv.text();
}

void write_manifest_csv(const std::string& path, const std::vector<DatasetItem>& items) {
  write_file_atomic(path, manifest_csv(items));
}

}  // namespace physprobe
