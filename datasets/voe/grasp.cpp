#include "physprobe/datasets/voe/grasp.h"

#include "physprobe/core/media_names.h"
#include "physprobe/datasets/item_location.h"
#include "physprobe/datasets/voe/folder_names.h"
#include "physprobe/datasets/voe/voe_item.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

namespace physprobe {
namespace {

constexpr std::array<const char*, 16> kScenes = {
    "Collision",          "Continuity",          "Gravity",           "GravityContinuity",
    "GravityInertia",     "GravityInertia2",     "GravitySupport",    "Inertia",
    "Inertia2",           "ObjectPermanence",    "ObjectPermanence2", "ObjectPermanence3",
    "SolidityContinuity", "SolidityContinuity2", "Unchangeableness",  "Unchangeableness2"};
constexpr int64_t kVideosPerSide = 128;

bool has_scene_folders(const std::string& directory) {
  return std::any_of(kScenes.begin(), kScenes.end(), [&](const char* scene) {
    return is_folder(directory + "/P_" + scene) && is_folder(directory + "/IP_" + scene);
  });
}

std::set<std::string> videos_in(const std::string& directory) {
  std::set<std::string> videos;
  for (const std::string& name : names_in(directory).files) {
    if (is_video_name(name)) videos.insert(name);
  }
  return videos;
}

void add_video(const std::string& prefix,
               const std::string& scene,
               const std::string& name,
               bool is_possible,
               ItemLocator& locator,
               DatasetListing& listing) {
  const std::string folder = (is_possible ? "P_" : "IP_") + scene;
  const std::string stem = std::filesystem::path(name).stem().string();
  DatasetItem item;
  item.pair = scene + "/" + stem;
  const ItemLocator::Location location = locator.locate(prefix + folder + "/" + name);
  if (!location.problem.empty()) {
    listing.report(0, location.problem);
    listing.incomplete_pairs.insert(item.pair);
    return;
  }
  item.id = folder + "/" + stem;
  item.path = location.path;
  item.relative_path = prefix + folder + "/" + name;
  item.label = is_possible ? kPossible : kImpossible;
  item.group = item.pair;
  item.attributes[kPropertyAttribute] = scene;
  listing.items.push_back(std::move(item));
}

void list_scene(const std::string& root,
                const std::string& prefix,
                const std::string& scene,
                ItemLocator& locator,
                DatasetListing& listing) {
  const std::set<std::string> possible = videos_in(root + "/" + prefix + "P_" + scene);
  const std::set<std::string> impossible = videos_in(root + "/" + prefix + "IP_" + scene);
  std::set<std::string> names = possible;
  names.insert(impossible.begin(), impossible.end());
  for (const std::string& name : names) {
    const bool has_possible = possible.count(name) > 0;
    const bool has_impossible = impossible.count(name) > 0;
    if (!has_possible || !has_impossible) {
      listing.report(
          0, fmt::format("'{}{}_{}/{}' has no partner of that name in {}_{}", prefix,
                         has_possible ? "P" : "IP", scene, name, has_possible ? "IP" : "P", scene));
      listing.incomplete_pairs.insert(scene + "/" + std::filesystem::path(name).stem().string());
    }
    if (has_possible) add_video(prefix, scene, name, true, locator, listing);
    if (has_impossible) add_video(prefix, scene, name, false, locator, listing);
  }
  listing.counts.push_back(
      {scene + " plausible", static_cast<int64_t>(possible.size()), kVideosPerSide});
  listing.counts.push_back(
      {scene + " implausible", static_cast<int64_t>(impossible.size()), kVideosPerSide});
}

}  // namespace

bool is_grasp(const std::string& path) {
  return is_folder(path) && (has_scene_folders(path) || has_scene_folders(path + "/level2"));
}

DatasetListing list_grasp(const std::string& path, const DatasetOptions& options) {
  DatasetListing listing;
  if (!is_grasp(path)) {
    listing.report(0, "holds no folders P_<Scene> and IP_<Scene>, neither directly nor in level2");
    return listing;
  }
  ItemLocator locator(path, options.allow_outside_root);
  const std::string prefix = has_scene_folders(path) ? "" : "level2/";
  int64_t scenes = 0;
  for (const char* scene : kScenes) {
    const bool has_possible = is_folder(path + "/" + prefix + "P_" + scene);
    const bool has_impossible = is_folder(path + "/" + prefix + "IP_" + scene);
    if (!has_possible && !has_impossible) continue;
    ++scenes;
    list_scene(path, prefix, scene, locator, listing);
  }
  for (const std::string& folder : names_in(path + "/" + prefix).folders) {
    const std::size_t cut = folder.find('_');
    const std::string side = folder.substr(0, cut);
    if (cut == std::string::npos || (side != "P" && side != "IP")) continue;
    const std::string scene = folder.substr(cut + 1);
    if (std::find(kScenes.begin(), kScenes.end(), scene) == kScenes.end())
      listing.left_out.push_back(fmt::format(
          "'{}{}' was left out: it is none of the sixteen scenes of the surprise protocol", prefix,
          folder));
  }
  std::set<std::string> pairs;
  for (const DatasetItem& item : listing.items) pairs.insert(item.pair);
  const auto all = static_cast<int64_t>(kScenes.size());
  listing.counts.push_back({"scenes", scenes, all});
  listing.counts.push_back({"pairs", static_cast<int64_t>(pairs.size()), all * kVideosPerSide});
  return listing;
}

}  // namespace physprobe
