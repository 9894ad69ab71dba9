#include "physprobe/datasets/voe/inflevel.h"

#include "physprobe/datasets/item_location.h"
#include "physprobe/datasets/voe/annotation_table.h"
#include "physprobe/datasets/voe/folder_names.h"
#include "physprobe/datasets/voe/voe_item.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <set>
#include <utility>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

struct Principle {
  const char* name;
  int64_t pairs;
  std::array<const char*, 2> real;
  std::array<const char*, 2> magic;
};
constexpr std::array<Principle, 3> kPrinciples = {{{"continuity", 1116, {"vv", "ii"}, {"iv", "vi"}},
                                                   {"gravity", 1182, {"ui", "cv"}, {"uv", "ci"}},
                                                   {"solidity", 450, {"ui", "cv"}, {"uv", "ci"}}}};

const std::vector<std::string>& required_columns() {
  static const std::vector<std::string> columns = {
      "vid1_path",          "vid1_start_priming_1", "vid1_end_priming_1", "vid1_start_priming_2",
      "vid1_end_priming_2", "vid1_label",           "vid2_path",          "vid2_start_priming_1",
      "vid2_end_priming_1", "vid2_start_priming_2", "vid2_end_priming_2", "vid2_label"};
  return columns;
}

std::vector<std::string> pair_lists(const std::string& directory) {
  std::vector<std::string> lists;
  for (const std::string& name : names_in(directory).files) {
    if (fs::path(name).extension() == ".csv" &&
        heading_has(directory + "/" + name, {"vid1_path", "vid2_path"}))
      lists.push_back(name);
  }
  return lists;
}

const Principle* principle_of(const std::string& file) {
  const std::string folder = file.substr(0, file.find('/'));
  for (const Principle& principle : kPrinciples) {
    if (folder == principle.name) return &principle;
  }
  return nullptr;
}

/// <camera>__<category>__<cover>__<object>__<type>[__<direction>]; fewer parts for other names.
std::vector<std::string> name_parts(const std::string& file) {
  std::vector<std::string> parts;
  const std::string stem = fs::path(file).stem().string();
  std::size_t begin = 0;
  for (std::size_t cut = stem.find("__"); cut != std::string::npos; cut = stem.find("__", begin)) {
    parts.push_back(stem.substr(begin, cut - begin));
    begin = cut + 2;
  }
  parts.push_back(stem.substr(begin));
  return parts;
}

class PairList {
 public:
  PairList(std::string name, bool is_relabelled, ItemLocator& locator, DatasetListing& listing)
      : name_(std::move(name)),
        is_relabelled_(is_relabelled),
        locator_(locator),
        listing_(listing),
        table_(locator.root() + "/" + name_, name_, required_columns(), listing) {}

  /// `named` gets the files that the list names.
  void list(std::set<std::string>& named) {
    int64_t number = 0;
    for (const CsvRow& row : table_.rows()) {
      named.insert(table_.cell(row, "vid1_path"));
      named.insert(table_.cell(row, "vid2_path"));
      add_row(row, number++);
    }
  }

 private:
  void add_row(const CsvRow& row, int64_t number) {
    const std::string first = table_.cell(row, "vid1_path");
    const Principle* principle = principle_of(first);
    if (principle == nullptr || principle != principle_of(table_.cell(row, "vid2_path"))) {
      listing_.report(row.line, fmt::format("of '{}' pairs '{}' with '{}'; expected two videos of "
                                            "one folder continuity, gravity or solidity",
                                            name_, first, table_.cell(row, "vid2_path")));
      return;
    }
    const std::string type = type_of(first);
    const bool is_closed = type == "ci" || type == "cv";
    if (is_relabelled_ && is_closed && principle != kPrinciples.data()) return;
    const std::string pair = fmt::format("{}/{}", principle->name, number);
    std::vector<DatasetItem> items;
    for (const char* member : {"1", "2"}) {
      DatasetItem item;
      item.pair = pair;
      item.id = pair + "/" + member;
      if (read(row, std::string("vid") + member + "_", *principle, item))
        items.push_back(std::move(item));
    }
    if (items.size() == 2 && items[0].label == items[1].label)
      listing_.report(row.line, fmt::format("of '{}' pairs two {} videos; expected one possible "
                                            "and one impossible",
                                            name_, items[0].label));
    if (items.size() < 2) listing_.incomplete_pairs.insert(pair);
    for (DatasetItem& item : items) listing_.items.push_back(std::move(item));
  }

  static std::string type_of(const std::string& file) {
    const std::vector<std::string> parts = name_parts(file);
    return parts.size() < 5 ? "" : parts[4];
  }

  /// False, the defect being reported, if the member cannot be used.
  bool read(const CsvRow& row,
            const std::string& column,
            const Principle& principle,
            DatasetItem& item) {
    const std::string file = table_.cell(row, column + "path");
    item.line = row.line;
    item.label = table_.cell(row, column + "label");
    if (item.label == "1") item.label = kPossible;
    if (item.label == "0") item.label = kImpossible;
    if (item.label != kPossible && item.label != kImpossible) {
      listing_.report(row.line, fmt::format("of '{}' labels '{}' as '{}'; expected possible or "
                                            "impossible",
                                            name_, file, item.label));
      return false;
    }
    const std::string priming = table_.cell(row, column + "end_priming_2");
    int64_t end = -1;
    const auto parsed = std::from_chars(priming.data(), priming.data() + priming.size(), end);
    const std::string rest(parsed.ptr, priming.data() + priming.size());
    if (parsed.ec != std::errc() || (!rest.empty() && rest != ".0") || end < 0) {
      listing_.report(row.line, fmt::format("of '{}' has {}end_priming_2 '{}'; expected a frame "
                                            "index",
                                            name_, column, priming));
      return false;
    }
    const ItemLocator::Location location = locator_.locate(file);
    if (!location.problem.empty()) {
      listing_.report(row.line, location.problem);
      return false;
    }
    item.path = location.path;
    item.relative_path = file;
    item.attributes[kPropertyAttribute] = principle.name;
    item.attributes[kFirstFrameAttribute] = std::to_string(end + 1);
    describe(file, principle, row.line, item);
    return true;
  }

  void describe(const std::string& file,
                const Principle& principle,
                int64_t line,
                DatasetItem& item) {
    const std::vector<std::string> parts = name_parts(file);
    if (parts.size() < 5) {
      listing_.report(line, fmt::format("'{}' is not named <camera>__<category>__<cover>__<object>"
                                        "__<type>[__LR|RL]",
                                        file));
      return;
    }
    item.group = fmt::format("{}/{}__{}__{}", principle.name, parts[0], parts[2], parts[3]);
    item.attributes["camera_location"] = parts[0];
    item.attributes["cover"] = parts[2];
    item.attributes["object"] = parts[3];
    item.attributes["type"] = parts[4];
    if (parts.size() > 5) item.attributes["direction"] = parts[5];
    const auto is_in = [&](const std::array<const char*, 2>& types) {
      return std::any_of(types.begin(), types.end(),
                         [&](const char* type) { return parts[4] == type; });
    };
    const bool is_real = is_in(principle.real);
    if (!is_real && !is_in(principle.magic)) {
      listing_.report(line, fmt::format("'{}' is of type '{}', which {} does not have", file,
                                        parts[4], principle.name));
    } else if (is_real != (item.label == kPossible)) {
      listing_.report(line, fmt::format("'{}' is labelled {}, but its type '{}' is {}", file,
                                        item.label, parts[4], is_real ? "real" : "magic"));
    }
  }

  std::string name_;
  bool is_relabelled_;
  ItemLocator& locator_;
  DatasetListing& listing_;
  AnnotationTable table_;
};

void report_unused(const std::string& root,
                   const std::set<std::string>& named,
                   DatasetListing& listing) {
  for (const Principle& principle : kPrinciples) {
    int64_t unused = 0;
    std::string first;
    for (const std::string& name : names_in(root + "/" + principle.name).files) {
      const std::string file = std::string(principle.name) + "/" + name;
      if (named.count(file) > 0) continue;
      if (unused++ == 0) first = file;
    }
    if (unused > 0)
      listing.left_out.push_back(fmt::format("{} files of '{}' are in no pair, the first: '{}'",
                                             unused, principle.name, first));
  }
}

}  // namespace

bool is_inflevel(const std::string& path) {
  return is_folder(path) &&
         std::any_of(
             kPrinciples.begin(), kPrinciples.end(),
             [&](const Principle& principle) { return is_folder(path + "/" + principle.name); }) &&
         !pair_lists(path).empty();
}

DatasetListing list_inflevel(const std::string& path, const DatasetOptions& options) {
  DatasetListing listing;
  const std::vector<std::string> lists =
      is_folder(path) ? pair_lists(path) : std::vector<std::string>();
  if (lists.empty()) {
    listing.report(0,
                   "holds no list of pairs (CSV with vid1_path, vid2_path, …); put the lists of "
                   "the surprise protocol beside the folders continuity, gravity and solidity");
    return listing;
  }
  ItemLocator locator(path, options.allow_outside_root);
  std::set<std::string> named;
  for (const std::string& name : lists)
    PairList(name, options.relabelled_subset, locator, listing).list(named);
  for (const Principle& principle : kPrinciples) {
    std::set<std::string> pairs;
    for (const DatasetItem& item : listing.items) {
      if (property_of(item) == principle.name) pairs.insert(item.pair);
    }
    listing.counts.push_back(
        {std::string(principle.name) + " pairs", static_cast<int64_t>(pairs.size()),
         options.relabelled_subset ? std::nullopt : std::optional<int64_t>(principle.pairs)});
  }
  report_unused(locator.root(), named, listing);
  return listing;
}

}  // namespace physprobe
