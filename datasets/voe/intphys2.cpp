#include "physprobe/datasets/voe/intphys2.h"

#include "physprobe/core/media_names.h"
#include "physprobe/datasets/item_location.h"
#include "physprobe/datasets/voe/annotation_table.h"
#include "physprobe/datasets/voe/folder_names.h"
#include "physprobe/datasets/voe/voe_item.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

struct Split {
  const char* name;
  int64_t scenes;  ///< Values of SceneIndex.
  int64_t videos;
};
constexpr std::array<Split, 3> kSplits = {
    {{"Debug", 5, 60}, {"Main", 253, 1012}, {"HeldOut", 86, 344}}};
constexpr std::array<const char*, 4> kTypes = {"1_Possible", "1_Impossible", "2_Possible",
                                               "2_Impossible"};

/// The name of the table in `directory`, "" if there is none.
std::string table_in(const std::string& directory) {
  for (const char* name : {"metadata.csv", "labels.csv"}) {
    if (is_file(directory + "/" + name)) return name;
  }
  return "";
}

bool has_intphys2_table(const std::string& directory) {
  const std::string table = table_in(directory);
  return !table.empty() && heading_has(directory + "/" + table, {"SceneIndex", "type"});
}

/// Rules of the publication for releases whose table lacks the column.
std::string difficulty_of(const std::string& environment) {
  static const std::map<std::string, std::string> levels = {
      {"BasicLevel_0", "Easy"},  {"SaltFlats_0", "Medium"},      {"DesertMap_0", "Medium"},
      {"RaceTrack_0", "Medium"}, {"TropicalIsland_0", "Medium"}, {"PLVDaylight_0", "Hard"},
      {"Egypt_0", "Hard"},       {"RuralAustralia03_0", "Hard"}, {"ParkingGarage_0", "Hard"},
      {"None", "Hard"}};
  const auto found = levels.find(environment);
  return found == levels.end() ? "" : found->second;
}

std::string camera_of(const std::string& game) {
  static const std::set<std::string> fixed = {"FixedMarryPoppins", "FixedJumpSolidity",
                                              "RotatingCup",       "HotAirBallon",
                                              "SphereFallingDown", "SolidityFallingFlat"};
  return game.empty() ? "" : fixed.count(game) > 0 ? "Fixed" : "Moving";
}

std::string merged_condition(const std::string& condition) {
  if (condition == "immutability_texture") return "immutability";
  if (condition == "continuity_swap") return "continuity";
  return condition;
}

/// One split: a folder with a table, or with videos only.
class IntPhys2Lister {
 public:
  IntPhys2Lister(std::string directory,
                 std::string prefix,
                 std::string split,
                 ItemLocator& locator,
                 DatasetListing& listing)
      : directory_(std::move(directory)),
        prefix_(std::move(prefix)),
        split_(std::move(split)),
        locator_(locator),
        listing_(listing) {}

  void list() {
    const std::string table = table_in(directory_);
    if (table.empty()) {
      for (const std::string& file : names_in(directory_ + "/Videos").files) {
        if (is_video_name(file)) add({}, "Videos/" + file);
      }
      if (items_ == 0)
        listing_.report(0, fmt::format("'{}' holds neither metadata.csv nor Videos/*.mp4",
                                       prefix_.empty() ? "." : prefix_));
    } else {
      list_table(table);
    }
    check_quadruplets();
    report_extra();
    count();
  }

 private:
  struct Row {
    DatasetItem item;
    std::string file, scene, type;
    std::string take;  ///< Tells apart the quadruplets of one scene.
  };

  void list_table(const std::string& name) {
    const bool is_frames = name == "labels.csv";
    const AnnotationTable table(directory_ + "/" + name, prefix_ + name,
                                {is_frames ? "filename" : "name", "SceneIndex", "type"}, listing_);
    std::vector<Row> rows;
    for (const CsvRow& cells : table.rows()) rows.push_back(row_of(table, cells, is_frames));
    group(rows);
    for (Row& row : rows) {
      DatasetItem& item = row.item;
      if (!row.type.empty() && std::find(kTypes.begin(), kTypes.end(), row.type) == kTypes.end()) {
        listing_.report(item.line, fmt::format("of '{}' has the type '{}'; expected 1_Possible, "
                                               "1_Impossible, 2_Possible or 2_Impossible",
                                               prefix_ + name, row.type));
        used_.insert(row.file);
        continue;
      }
      if (!row.type.empty()) {
        item.pair = item.group + "/" + row.type.substr(0, 1);
        item.label = row.type.substr(2) == "Possible" ? kPossible : kImpossible;
        ++quadruplets_[item.group][row.type];
        conditions_[item.group].insert(property_of(item));
      }
      add(std::move(item), row.file);
    }
  }

  Row row_of(const AnnotationTable& table, const CsvRow& cells, bool is_frames) {
    Row row;
    row.scene = table.cell(cells, "SceneIndex");
    row.type = table.cell(cells, "type");
    row.file = table.cell(cells, is_frames ? "filename" : "file_name");
    if (is_frames) {
      row.file = "Images/" + row.file;
    } else if (row.file.empty()) {
      row.file = "Videos/" + table.cell(cells, "name") + ".mp4";
    }
    row.item.line = cells.line;
    const auto set = [&](const char* attribute, const std::string& value) {
      if (!value.empty()) row.item.attributes[attribute] = value;
    };
    const std::string condition = table.cell(cells, "condition");
    const std::string environment = table.cell(cells, "env");
    const std::string game = table.cell(cells, "game_name");
    set(kPropertyAttribute, merged_condition(condition));
    set(kConditionAttribute, condition);
    set(kDifficultyAttribute,
        table.has("Difficulty") ? table.cell(cells, "Difficulty") : difficulty_of(environment));
    set(kCameraAttribute, table.has("Camera") ? table.cell(cells, "Camera") : camera_of(game));
    set("environment", environment);
    set("game", game);
    row.take =
        fmt::format("{}/{}/{}/{}", game, condition, environment, table.cell(cells, "occluder"));
    scenes_.insert(row.scene);
    return row;
  }

  /// A scene is one quadruplet, but for the Debug split's, which hold several each: those are told
  /// apart by everything else that the table says of a scene.
  void group(std::vector<Row>& rows) const {
    std::map<std::string, std::map<std::string, int64_t>> types;
    for (const Row& row : rows) ++types[row.scene][row.type];
    for (Row& row : rows) {
      const auto& of_scene = types[row.scene];
      const bool is_one = std::all_of(of_scene.begin(), of_scene.end(),
                                      [](const auto& entry) { return entry.second <= 1; });
      row.item.group = row.scene;
      if (!is_one && split_ == kSplits.front().name) row.item.group += "/" + row.take;
      if (!split_.empty()) row.item.group = split_ + "/" + row.item.group;
    }
  }

  void add(DatasetItem item, const std::string& file) {
    used_.insert(file);
    const ItemLocator::Location location = locator_.locate(prefix_ + file);
    if (!location.problem.empty()) {
      listing_.report(item.line, location.problem);
      listing_.incomplete_pairs.insert(item.pair);
      return;
    }
    item.path = location.path;
    item.relative_path = prefix_ + file;
    item.id =
        location.is_directory ? fs::path(file).filename().string() : fs::path(file).stem().string();
    item.split = split_;
    listing_.items.push_back(std::move(item));
    ++items_;
  }

  void check_quadruplets() {
    for (const auto& [name, types] : quadruplets_) {
      for (const char* type : kTypes) {
        const auto found = types.find(type);
        const int64_t n = found == types.end() ? 0 : found->second;
        if (n == 1) continue;
        listing_.report(
            0, fmt::format("scene {} has {} videos of type {}; expected one", name, n, type));
        // Said once, here: not again as a pair with too many or too few members.
        listing_.incomplete_pairs.insert(name + "/" + std::string(type).substr(0, 1));
      }
    }
    for (const auto& [name, conditions] : conditions_) {
      if (conditions.size() > 1)
        listing_.report(0, fmt::format("scene {} has more than one condition: {}", name,
                                       fmt::join(conditions, ", ")));
    }
  }

  void report_extra() {
    for (const char* folder : {"Videos", "Images"}) {
      const FolderNames names = names_in(directory_ + "/" + folder);
      std::vector<std::string> all = names.files;
      if (std::string(folder) == "Images") all = names.folders;
      for (const std::string& name : all) {
        const std::string file = std::string(folder) + "/" + name;
        if (used_.count(file) == 0)
          listing_.left_out.push_back(
              fmt::format("'{}' was left out: the table does not name it", prefix_ + file));
      }
    }
  }

  void count() {
    const std::string of = split_.empty() ? "" : split_ + " ";
    const auto known = std::find_if(kSplits.begin(), kSplits.end(),
                                    [&](const Split& split) { return split_ == split.name; });
    const bool is_known = known != kSplits.end();
    const auto expected = [&](int64_t value) {
      return is_known ? std::optional<int64_t>(value) : std::nullopt;
    };
    listing_.counts.push_back({of + "videos", items_, expected(is_known ? known->videos : 0)});
    if (quadruplets_.empty()) return;  // no labels, so no scenes
    std::set<std::string> pairs;
    for (const DatasetItem& item : listing_.items) {
      if (item.split == split_ && !item.pair.empty()) pairs.insert(item.pair);
    }
    listing_.counts.push_back({of + "scenes", static_cast<int64_t>(scenes_.size()),
                               expected(is_known ? known->scenes : 0)});
    listing_.counts.push_back({of + "pairs", static_cast<int64_t>(pairs.size()),
                               expected(is_known ? known->videos / 2 : 0)});
  }

  std::string directory_;
  std::string prefix_;  ///< Of relative paths: "" or "Main/".
  std::string split_;
  ItemLocator& locator_;
  DatasetListing& listing_;
  int64_t items_ = 0;
  std::set<std::string> used_;
  std::set<std::string> scenes_;
  std::map<std::string, std::map<std::string, int64_t>> quadruplets_;  ///< Videos by type.
  std::map<std::string, std::set<std::string>> conditions_;            ///< Merged, by quadruplet.
};

}  // namespace

bool is_intphys2(const std::string& path) {
  if (!is_folder(path)) return false;
  if (has_intphys2_table(path)) return true;
  return std::any_of(kSplits.begin(), kSplits.end(), [&](const Split& split) {
    return has_intphys2_table(path + "/" + split.name);
  });
}

DatasetListing list_intphys2(const std::string& path, const DatasetOptions& options) {
  DatasetListing listing;
  if (!is_folder(path)) {
    listing.report(0,
                   "is no folder; name a split of IntPhys 2 (with metadata.csv and Videos), or "
                   "the folder of its splits");
    return listing;
  }
  ItemLocator locator(path, options.allow_outside_root);
  if (!table_in(path).empty() || is_folder(path + "/Videos")) {
    const std::string name = fs::path(locator.root()).filename().string();
    const bool is_split = std::any_of(kSplits.begin(), kSplits.end(),
                                      [&](const Split& split) { return name == split.name; });
    IntPhys2Lister(path, "", is_split ? name : "", locator, listing).list();
    return listing;
  }
  for (const Split& split : kSplits) {
    const std::string directory = path + "/" + split.name;
    if (is_folder(directory))
      IntPhys2Lister(directory, std::string(split.name) + "/", split.name, locator, listing).list();
  }
  if (listing.items.empty() && listing.problems.empty())
    listing.report(0, "holds neither metadata.csv nor a folder Debug, Main or HeldOut");
  return listing;
}

}  // namespace physprobe
