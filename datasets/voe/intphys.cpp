#include "physprobe/datasets/voe/intphys.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/media_names.h"
#include "physprobe/datasets/item_location.h"
#include "physprobe/datasets/voe/folder_names.h"
#include "physprobe/datasets/voe/task_list.h"
#include "physprobe/datasets/voe/voe_item.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace physprobe {
namespace {

constexpr std::array<const char*, 3> kBlocks = {"O1", "O2", "O3"};
constexpr int64_t kFrames = 100;
constexpr int64_t kDevScenes = 30;  ///< Of a block.

bool has_blocks(const std::string& directory) {
  return std::any_of(kBlocks.begin(), kBlocks.end(), [&](const char* block) {
    const std::string path = directory + "/" + block;
    const std::vector<std::string> scenes = names_in(path).folders;
    return !scenes.empty() && is_folder(path + "/" + scenes.front() + "/1");
  });
}

/// header.is_possible of status.json; "" and a sentence in `problem` if it cannot be told.
std::string label_in(const std::string& path, const std::string& name, std::string& problem) {
  try {
    const auto status = nlohmann::json::parse(read_file(path));
    const auto& header = status.at("header");
    const auto& flag =
        header.contains("is_possible") ? header.at("is_possible") : status.at("is_possible");
    if (flag.is_boolean()) return flag.get<bool>() ? kPossible : kImpossible;
    problem =
        fmt::format("'{}' has header.is_possible {}; expected true or false", name, flag.dump());
  } catch (const nlohmann::json::exception& error) {
    problem = fmt::format("'{}' has no header.is_possible: {}", name, error.what());
  } catch (const Error& error) {
    problem = error.what();
  }
  return "";
}

/// One split: a folder of blocks.
class IntPhysLister {
 public:
  IntPhysLister(std::string directory,
                std::string prefix,
                std::string split,
                ItemLocator& locator,
                DatasetListing& listing)
      : directory_(std::move(directory)),
        prefix_(std::move(prefix)),
        split_(std::move(split)),
        locator_(locator),
        listing_(listing) {}

  void list(const std::string& task_list) {
    for (const char* block : kBlocks) {
      const std::vector<std::string> scenes = names_in(directory_ + "/" + block).folders;
      for (const std::string& scene : scenes) list_scene(block, scene);
      blocks_.push_back(static_cast<int64_t>(scenes.size()));
    }
    if (!task_list.empty()) check_tasks(task_list);
    count();
  }

 private:
  void list_scene(const std::string& block, const std::string& scene) {
    const std::string group = block + "/" + scene;
    const std::vector<std::string> videos = names_in(directory_ + "/" + group).folders;
    const std::vector<std::string> four = {"1", "2", "3", "4"};
    if (videos != four) {
      std::string found;
      for (const std::string& video : videos) found += (found.empty() ? "" : ", ") + video;
      listing_.report(0, fmt::format("quadruplet {} has the videos {}; expected 1, 2, 3, 4", group,
                                     found.empty() ? "none" : found));
    }
    int64_t labelled = 0;
    int64_t possible = 0;
    for (const std::string& video : videos) {
      if (std::find(four.begin(), four.end(), video) == four.end()) continue;
      DatasetItem item;
      item.id = group + "/" + video;
      item.group = group;
      if (!add(std::move(item))) continue;
      const DatasetItem& added = listing_.items.back();
      labelled += !added.label.empty();
      possible += added.label == kPossible;
    }
    if (labelled == 4 && possible != 2)
      listing_.report(
          0, fmt::format("quadruplet {} has {} possible videos; expected two", group, possible));
    if (labelled != 0 && labelled != static_cast<int64_t>(videos.size()))
      listing_.report(0, fmt::format("quadruplet {}: only {} of its {} videos have a label", group,
                                     labelled, videos.size()));
    quadruplets_ += labelled == 4 || (labelled == 0 && videos == four);
  }

  bool add(DatasetItem item) {
    const std::string folder = prefix_ + item.id;
    // Frames lie in a folder of their own beside depth and masks.
    const std::string frames =
        is_folder(directory_ + "/" + item.id + "/scene") ? folder + "/scene" : folder;
    const ItemLocator::Location location = locator_.locate(frames);
    if (!location.problem.empty()) {
      listing_.report(0, location.problem);
      return false;
    }
    const std::vector<std::string> files = names_in(location.path).files;
    const auto n = std::count_if(files.begin(), files.end(), [](const std::string& name) {
      return is_numbered_image_name(name);
    });
    if (n != kFrames)
      listing_.report(0, fmt::format("'{}' has {} frames; expected {}", frames, n, kFrames));
    const std::string status = directory_ + "/" + item.id + "/status.json";
    if (is_file(status)) {
      std::string problem;
      item.label = label_in(status, folder + "/status.json", problem);
      if (!problem.empty()) listing_.report(0, problem);
    } else if (split_ == "dev") {
      listing_.report(0, fmt::format("'{}/status.json' is missing, which holds the label", folder));
    }
    item.path = location.path;
    item.relative_path = frames;
    item.split = split_;
    item.attributes[kPropertyAttribute] = item.id.substr(0, item.id.find('/'));
    listing_.items.push_back(std::move(item));
    ++videos_;
    return true;
  }

  void check_tasks(const std::string& path) {
    std::vector<std::string> tasks;
    try {
      tasks = read_task_list(path);
    } catch (const Error& error) {
      listing_.report(0, error.what());
      return;
    }
    std::set<std::string> missing(tasks.begin(), tasks.end());
    for (const DatasetItem& item : listing_.items) {
      if (item.split == split_ && missing.erase(item.id) == 0)
        listing_.report(0, fmt::format("'{}' is not in the task list", item.relative_path));
    }
    for (const std::string& task : missing)
      listing_.report(0, fmt::format("the task list names '{}', which is not there", task));
    tasks_ = static_cast<int64_t>(tasks.size());
  }

  void count() {
    const std::string of = split_.empty() ? "" : split_ + " ";
    const bool is_dev = split_ == "dev";
    const auto expected = [&](int64_t value) {
      return is_dev ? std::optional<int64_t>(value) : std::nullopt;
    };
    for (std::size_t b = 0; b < kBlocks.size(); ++b)
      listing_.counts.push_back(
          {of + kBlocks[b] + " quadruplets", blocks_[b], expected(kDevScenes)});
    const auto all = static_cast<int64_t>(kBlocks.size()) * kDevScenes;
    listing_.counts.push_back({of + "quadruplets", quadruplets_, expected(all)});
    listing_.counts.push_back(
        {of + "videos", videos_, tasks_ > 0 ? std::optional<int64_t>(tasks_) : expected(4 * all)});
    listing_.counts.push_back({of + "pairs", 2 * quadruplets_, expected(2 * all)});
  }

  std::string directory_;
  std::string prefix_;  ///< Of relative paths: "" or "dev/".
  std::string split_;
  ItemLocator& locator_;
  DatasetListing& listing_;
  std::vector<int64_t> blocks_;  ///< Scenes.
  int64_t quadruplets_ = 0;
  int64_t videos_ = 0;
  int64_t tasks_ = 0;
};

/// The task list that lies with a split, "" if there is none.
std::string own_task_list(const std::string& root, const std::string& directory) {
  for (const std::string& folder : {directory, root}) {
    for (const char* name : {"task.txt", "tasks.txt"}) {
      if (is_file(folder + "/" + name)) return folder + "/" + name;
    }
  }
  return "";
}

}  // namespace

bool is_intphys(const std::string& path) {
  return is_folder(path) &&
         (has_blocks(path) || has_blocks(path + "/dev") || has_blocks(path + "/test"));
}

DatasetListing list_intphys(const std::string& path, const DatasetOptions& options) {
  DatasetListing listing;
  if (!is_intphys(path)) {
    listing.report(0,
                   "holds no folders O1, O2, O3 with scenes, neither directly nor in dev or "
                   "test");
    return listing;
  }
  ItemLocator locator(path, options.allow_outside_root);
  if (has_blocks(path)) {
    const std::string& root = locator.root();
    const std::string name = root.substr(root.rfind('/') + 1);
    const std::string split = name == "dev" || name == "test" ? name : "";
    const bool has_tasks = split != "dev";
    IntPhysLister(path, "", split, locator, listing)
        .list(!options.task_list.empty() ? options.task_list
              : has_tasks                ? own_task_list(root, root)
                                         : "");
    return listing;
  }
  for (const std::string& split : {std::string("dev"), std::string("test")}) {
    const std::string directory = path + "/" + split;
    if (!has_blocks(directory)) continue;
    std::string tasks;
    if (split == "test")
      tasks = options.task_list.empty() ? own_task_list(path, directory) : options.task_list;
    IntPhysLister(directory, split + "/", split, locator, listing).list(tasks);
  }
  return listing;
}

}  // namespace physprobe
