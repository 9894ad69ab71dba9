#include "physprobe/datasets/manifest_columns.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <utility>

namespace physprobe {

namespace {

/// A time in seconds written with a decimal point whatever the locale; nullopt if it is none.
std::optional<double> parse_seconds(const std::string& text) {
  double value = 0.0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end || !std::isfinite(value) || value < 0.0) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

const std::vector<StandardColumn>& standard_columns() {
  static const std::vector<StandardColumn> columns = {
      {"id", &DatasetItem::id, nullptr},
      {"path", &DatasetItem::relative_path, nullptr},
      {"label", &DatasetItem::label, nullptr},
      {"group", &DatasetItem::group, nullptr},
      {"pair", &DatasetItem::pair, nullptr},
      {"source", &DatasetItem::source, nullptr},
      {"generator", &DatasetItem::generator, nullptr},
      {"take", &DatasetItem::take, nullptr},
      {"start_seconds", nullptr, &DatasetItem::start_seconds},
      {"stop_seconds", nullptr, &DatasetItem::stop_seconds},
      {"split", &DatasetItem::split, nullptr},
  };
  return columns;
}

ColumnNames::ColumnNames(const std::map<std::string, std::string>& mapping) {
  std::vector<std::string> known;
  for (const StandardColumn& column : standard_columns()) {
    known.emplace_back(column.name);
    const auto renamed = mapping.find(column.name);
    const std::string& name = renamed == mapping.end() ? known.back() : renamed->second;
    theirs_[column.name] = name;
    if (renamed != mapping.end()) mapped_.emplace_back(column.name);
  }
  for (const auto& [ours, name] : mapping) {
    if (theirs_.count(ours) == 0) {
      throw Error(ErrorKind::kUsage, "columns",
                  fmt::format("'{}' (in {}={}) is no column of a manifest{}", ours, ours, name,
                              did_you_mean(ours, known)));
    }
  }
  // A name the user gave to one column has no longer its standard meaning: with label=path the
  // column 'path' is both, with path=file a column 'path' is an attribute.
  for (const StandardColumn& column : standard_columns()) {
    meanings_[theirs_[column.name]].push_back(&column);
  }
}

const std::vector<const StandardColumn*>& ColumnNames::meanings(const std::string& name) const {
  static const std::vector<const StandardColumn*> none;
  const auto found = meanings_.find(name);
  return found == meanings_.end() ? none : found->second;
}

const std::string& ColumnNames::theirs(const std::string& standard) const {
  return theirs_.at(standard);
}

std::string ColumnNames::missing(const std::string& standard,
                                 const std::vector<std::string>& found) const {
  std::string list;
  for (const std::string& name : found) list += (list.empty() ? "'" : ", '") + name + "'";
  const std::vector<std::string> near = nearest_names(theirs(standard), found, 1);
  return fmt::format("no column '{}'; the columns are {}; say which one it is with --columns {}={}",
                     theirs(standard), list.empty() ? "none" : list, standard,
                     near.empty() ? "NAME" : near.front());
}

std::string store_cell(const std::vector<const StandardColumn*>& meanings,
                       const std::string& name,
                       std::string value,
                       DatasetItem& item) {
  if (value.empty()) return "";
  if (meanings.empty()) {
    item.attributes.emplace(name, std::move(value));
    return "";
  }
  for (const StandardColumn* column : meanings) {
    if (column->text != nullptr) {
      item.*(column->text) = value;
      continue;
    }
    item.*(column->number) = parse_seconds(value);
    if (!(item.*(column->number))) {
      return fmt::format("{} is '{}'; expected a number of seconds, 0 or more, such as 2.5",
                         column->name, value);
    }
  }
  return "";
}

}  // namespace physprobe
