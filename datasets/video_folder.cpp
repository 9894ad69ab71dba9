#include "physprobe/datasets/video_folder.h"

#include "physprobe/core/media_names.h"
#include "physprobe/core/utf8.h"
#include "physprobe/datasets/item_location.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace physprobe {

namespace {

namespace fs = std::filesystem;

/// What is neither file nor folder and would never end, or never begin, to be read; nullptr for
/// everything else.
const char* special_kind(const fs::directory_entry& entry) {
  std::error_code ignored;
  switch (entry.status(ignored).type()) {
    case fs::file_type::fifo:
      return "a named pipe";
    case fs::file_type::socket:
      return "a socket";
    case fs::file_type::block:
    case fs::file_type::character:
      return "a device";
    default:
      return nullptr;
  }
}

/// Walks the tree and collects the relative paths of everything that looks like an item.
class FolderWalk {
 public:
  FolderWalk(const DatasetOptions& options, ItemLocator& locator, DatasetListing& listing)
      : options_(options), locator_(locator), listing_(listing) {}

  void visit(const fs::path& directory, const std::string& relative) {
    if (!remember(directory)) return;
    std::error_code error;
    int64_t videos = 0;
    bool has_numbered_images = false;
    std::vector<std::string> folders;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (name.front() == '.') continue;
      std::error_code ignored;
      if (entry->is_directory(ignored)) {
        if (!entry->is_symlink(ignored) || options_.allow_outside_root) folders.push_back(name);
        if (entry->is_symlink(ignored)) report_if_outside(*entry, relative + name);
      } else if (const char* kind = is_video_name(name) ? special_kind(*entry) : nullptr) {
        left_out.push_back(
            fmt::format("'{}' was left out: it is {}, not a video file", relative + name, kind));
      } else if (is_video_name(name)) {
        found.push_back(relative + name);
        ++videos;
      } else if (is_image_name(name)) {
        ++images;
        has_numbered_images = has_numbered_images || is_numbered_image_name(name);
      } else {
        ++others;
      }
    }
    if (error) {
      listing_.report(
          0, fmt::format("'{}' cannot be listed: {}", directory.string(), error.message()));
    }
    if (has_numbered_images && videos == 0) {
      found.push_back(relative.empty() ? "." : relative.substr(0, relative.size() - 1));
    }
    for (const std::string& name : folders) visit(directory / name, relative + name + "/");
  }

  std::vector<std::string> found;
  std::vector<std::string> left_out;
  int64_t images = 0;
  int64_t others = 0;

 private:
  /// False for a folder seen before, which only links can lead to.
  bool remember(const fs::path& directory) {
    if (!options_.allow_outside_root) return true;
    std::error_code error;
    const fs::path real = fs::canonical(directory, error);
    return error || visited_.insert(real.string()).second;
  }

  void report_if_outside(const fs::directory_entry& entry, const std::string& relative) {
    if (locator_.may_enter(entry.path().string())) return;
    listing_.report(0,
                    fmt::format("'{}' is a linked folder outside of '{}'; move it inside, or allow "
                                "it with --allow-outside-root",
                                relative, locator_.root()));
  }

  const DatasetOptions& options_;
  ItemLocator& locator_;
  DatasetListing& listing_;
  std::set<std::string> visited_;
};

std::string nothing_found(const FolderWalk& walk) {
  return fmt::format(
      "holds no items: looked, at any depth, for videos ({}) and for folders of numbered images "
      "({} such as 0001.png); found {} images without a number in their names and {} other files",
      join_extensions(video_name_extensions()), join_extensions(image_name_extensions()),
      walk.images, walk.others);
}

void add_item(const std::string& relative, ItemLocator& locator, DatasetListing& listing) {
  if (first_invalid_utf8(relative)) {
    listing.report(0, fmt::format("the name of '{}' is not UTF-8; rename it",
                                  with_invalid_bytes_escaped(relative)));
    return;
  }
  const ItemLocator::Location location = locator.locate(relative);
  if (!location.problem.empty()) {
    listing.report(0, location.problem);
    return;
  }
  DatasetItem item;
  item.path = location.path;
  item.relative_path = relative;
  const fs::path name = relative == "." ? fs::path(locator.root()).filename() : fs::path(relative);
  item.id = location.is_directory ? name.string() : fs::path(name).replace_extension().string();
  listing.items.push_back(std::move(item));
}

}  // namespace

bool is_video_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error) || is_video_name(path);
}

DatasetListing list_video_folder(const std::string& path, const DatasetOptions& options) {
  DatasetListing listing;
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    if (!is_video_name(path)) {
      listing.report(0, fmt::format("is neither a folder nor a video ({})",
                                    join_extensions(video_name_extensions())));
      return listing;
    }
    // The user named this very file: where a link leads is their choice.
    ItemLocator locator(fs::path(path).parent_path().string(), true);
    add_item(fs::path(path).filename().string(), locator, listing);
    return listing;
  }
  ItemLocator locator(path, options.allow_outside_root);
  FolderWalk walk(options, locator, listing);
  walk.visit(locator.root(), "");
  std::sort(walk.found.begin(), walk.found.end());
  std::sort(walk.left_out.begin(), walk.left_out.end());
  for (const std::string& relative : walk.found) add_item(relative, locator, listing);
  if (walk.found.empty() && listing.problems.empty()) {
    std::string text = nothing_found(walk);
    for (const std::string& sentence : walk.left_out) text += "; " + sentence;
    listing.report(0, text);
  }
  listing.left_out = std::move(walk.left_out);
  return listing;
}

}  // namespace physprobe
