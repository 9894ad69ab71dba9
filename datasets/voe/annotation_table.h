#pragma once
// The CSV files that come with published data sets, by column name. Internal.

#include "physprobe/core/csv.h"
#include "physprobe/datasets/dataset_layout.h"

#include <map>
#include <string>
#include <vector>

namespace physprobe {

class AnnotationTable {
 public:
  /// Reports, with `name` (relative to the data set) in every text: a file that cannot be read or
  /// parsed, a missing heading, columns of `required` that it lacks, rows with another number of
  /// cells (left out). Columns that appear twice count once.
  AnnotationTable(const std::string& path,
                  const std::string& name,
                  const std::vector<std::string>& required,
                  DatasetListing& listing);

  const std::vector<CsvRow>& rows() const { return rows_; }
  bool has(const std::string& column) const { return columns_.count(column) > 0; }
  /// The cell without spaces around it, "" where the table has no such column.
  std::string cell(const CsvRow& row, const std::string& column) const;

 private:
  std::vector<CsvRow> rows_;
  std::map<std::string, std::size_t> columns_;
};

/// True if the first line of the CSV file at `path` names every one of `columns`.
bool heading_has(const std::string& path, const std::vector<std::string>& columns);

}  // namespace physprobe
