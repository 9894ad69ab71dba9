#pragma once
// What the columns of a manifest mean: the standard names, the user's names for them, and how a
// cell becomes a field of an item. Shared by CSV and JSON lines. Internal.

#include "physprobe/datasets/dataset_layout.h"

#include <map>
#include <string>
#include <vector>

namespace physprobe {

/// One standard column and where its text goes (nullptr for the two times).
struct StandardColumn {
  const char* name;
  std::string DatasetItem::*text;
  std::optional<double> DatasetItem::*number;
};

/// id, path, label, group, pair, source, generator, take, start_seconds, stop_seconds, split. The
/// text of `path` goes into `relative_path`.
const std::vector<StandardColumn>& standard_columns();

/// The meaning of each of the user's column names under `--columns`.
class ColumnNames {
 public:
  /// Throws Error(kUsage) if `mapping` has a key that is no standard column.
  explicit ColumnNames(const std::map<std::string, std::string>& mapping);

  /// Standard columns read from the user's column `name`; empty for an attribute.
  const std::vector<const StandardColumn*>& meanings(const std::string& name) const;

  /// The user's name of a standard column.
  const std::string& theirs(const std::string& standard) const;

  /// "no column 'path' …", naming the columns found and the way out; `found` in order.
  std::string missing(const std::string& standard, const std::vector<std::string>& found) const;

  /// Names given with --columns, which therefore must exist.
  const std::vector<std::string>& mapped() const { return mapped_; }

 private:
  std::map<std::string, std::string> theirs_;  ///< Standard name to the user's.
  std::map<std::string, std::vector<const StandardColumn*>> meanings_;
  std::vector<std::string> mapped_;  ///< Standard names.
};

/// Stores `value` of the user's column `name` in `item`, as every one of `meanings` or, without
/// any, as an attribute; an empty cell is an absent one. Returns the defect of the value, "" if it
/// is sound.
std::string store_cell(const std::vector<const StandardColumn*>& meanings,
                       const std::string& name,
                       std::string value,
                       DatasetItem& item);

}  // namespace physprobe
