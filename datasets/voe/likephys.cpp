#include "physprobe/datasets/voe/likephys.h"

#include "physprobe/core/media_names.h"
#include "physprobe/datasets/item_location.h"
#include "physprobe/datasets/voe/folder_names.h"
#include "physprobe/datasets/voe/voe_item.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace physprobe {
namespace {

constexpr const char* kSuffix = "_videos";

bool is_scenario(const std::string& name) {
  const std::string suffix = kSuffix;
  return name.size() > suffix.size() &&
         name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
}

bool is_subgroup(const std::string& name) {
  return name.rfind("subgroup_", 0) == 0;
}

bool has_scenarios(const std::string& directory) {
  for (const std::string& scenario : names_in(directory).folders) {
    if (!is_scenario(scenario)) continue;
    const std::vector<std::string> folders = names_in(directory + "/" + scenario).folders;
    if (std::any_of(folders.begin(), folders.end(), is_subgroup)) return true;
  }
  return false;
}

/// "over_bounce" of "over_bounce_00.mp4"; "" if the name does not end in a number.
std::string kind_of(const std::string& file) {
  const std::string stem = std::filesystem::path(file).stem().string();
  const std::size_t cut = stem.rfind('_');
  if (cut == std::string::npos || cut == 0 || cut + 1 == stem.size()) return "";
  const bool is_number = std::all_of(stem.begin() + static_cast<std::ptrdiff_t>(cut) + 1,
                                     stem.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? stem.substr(0, cut) : "";
}

class Lister {
 public:
  Lister(const std::string& root, std::string prefix, ItemLocator& locator, DatasetListing& listing)
      : root_(root), prefix_(std::move(prefix)), locator_(locator), listing_(listing) {}

  void list() {
    int64_t scenarios = 0;
    for (const std::string& folder : names_in(root_ + "/" + prefix_).folders) {
      if (!is_scenario(folder)) continue;
      ++scenarios;
      for (const std::string& subgroup : names_in(root_ + "/" + prefix_ + folder).folders) {
        if (is_subgroup(subgroup)) list_subgroup(folder, subgroup);
      }
    }
    listing_.counts = {{"scenarios", scenarios, 12},
                       {"subgroups", subgroups_, 120},
                       {"valid videos", valid_, 120},
                       {"videos with a violation", violations_, 800}};
  }

 private:
  void list_subgroup(const std::string& folder, const std::string& subgroup) {
    ++subgroups_;
    const std::string directory = prefix_ + folder + "/" + subgroup;
    const int64_t valid_before = valid_;
    const int64_t violations_before = violations_;
    for (const std::string& file : names_in(root_ + "/" + directory).files) {
      if (!is_video_name(file)) continue;
      const std::string kind = kind_of(file);
      if (kind.empty()) {
        listing_.left_out.push_back(fmt::format(
            "'{}/{}' was left out: its name does not end in _<number>", directory, file));
        continue;
      }
      add(folder.substr(0, folder.size() - std::string(kSuffix).size()), subgroup, directory, file,
          kind);
    }
    if (valid_ == valid_before || violations_ == violations_before)
      listing_.report(
          0, fmt::format("'{}' has {} valid videos and {} with a violation; expected "
                         "at least one of each",
                         directory, valid_ - valid_before, violations_ - violations_before));
  }

  void add(const std::string& scenario,
           const std::string& subgroup,
           const std::string& directory,
           const std::string& file,
           const std::string& kind) {
    const ItemLocator::Location location = locator_.locate(directory + "/" + file);
    if (!location.problem.empty()) {
      listing_.report(0, location.problem);
      return;
    }
    DatasetItem item;
    item.group = scenario + "/" + subgroup;
    item.id = item.group + "/" + std::filesystem::path(file).stem().string();
    item.path = location.path;
    item.relative_path = directory + "/" + file;
    const bool is_valid = kind == "valid";
    ++(is_valid ? valid_ : violations_);
    item.label = is_valid ? kPossible : kImpossible;
    item.attributes[kPropertyAttribute] = scenario;
    if (!is_valid) item.attributes["violation"] = kind;
    listing_.items.push_back(std::move(item));
  }

  const std::string& root_;
  std::string prefix_;
  ItemLocator& locator_;
  DatasetListing& listing_;
  int64_t subgroups_ = 0;
  int64_t valid_ = 0;
  int64_t violations_ = 0;
};

}  // namespace

bool is_likephys(const std::string& path) {
  return is_folder(path) && (has_scenarios(path) || has_scenarios(path + "/data"));
}

DatasetListing list_likephys(const std::string& path, const DatasetOptions& options) {
  DatasetListing listing;
  if (!is_likephys(path)) {
    listing.report(0,
                   "holds no folders <scenario>_videos/subgroup_<n>, neither directly nor in "
                   "data");
    return listing;
  }
  ItemLocator locator(path, options.allow_outside_root);
  Lister(path, has_scenarios(path) ? "" : "data/", locator, listing).list();
  return listing;
}

}  // namespace physprobe
