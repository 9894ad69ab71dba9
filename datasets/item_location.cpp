#include "physprobe/datasets/item_location.h"

#include "physprobe/core/error.h"
#include "physprobe/core/media_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>

namespace physprobe {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxRemembered = 100'000;
constexpr const char* kHowToAllow = "; move it inside, or allow it with --allow-outside-root";

struct Components {
  bool has_parent = false;  ///< A component "..".
  bool is_plain = true;     ///< Neither ".", ".." nor an empty component.
};

Components examine_components(std::string_view path) {
  Components found;
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    if (name == "..") found.has_parent = true;
    if (name.empty() || name == "." || name == "..") found.is_plain = false;
    if (slash == std::string_view::npos) return found;
    path.remove_prefix(slash + 1);
  }
}

std::string why_missing(std::string_view listed, int reason) {
  if (reason != ENOENT) {
    return fmt::format("'{}' cannot be opened: {}", listed,
                       std::error_code(reason, std::generic_category()).message());
  }
  std::string hint;
  if (listed.find('\\') != std::string_view::npos) {
    hint = "; folders are separated by '/', not by '\\'";
  } else if (listed.front() == ' ' || listed.back() == ' ') {
    hint = "; the path begins or ends with a space";
  }
  return fmt::format("'{}' does not exist{}", listed, hint);
}

bool holds_numbered_images(const std::string& directory) {
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_numbered_image_name(entry->path().filename().string())) return true;
  }
  return false;
}

}  // namespace

ItemLocator::ItemLocator(const std::string& root, bool allow_outside_root)
    : allow_outside_root_(allow_outside_root) {
  std::error_code error;
  root_ = fs::absolute(root.empty() ? "." : root, error).lexically_normal().string();
  if (!error) real_root_ = fs::canonical(root_, error).string();
  if (error) throw Error(ErrorKind::kInput, root, "cannot be opened: " + error.message());
  while (root_.size() > 1 && root_.back() == '/') root_.pop_back();
}

bool ItemLocator::may_enter(const std::string& path) const {
  if (allow_outside_root_) return true;
  std::error_code error;
  const std::string real = fs::canonical(path, error).string();
  // What cannot be resolved fails later with its own reason.
  if (error || real == real_root_ || real_root_ == "/") return true;
  return real.size() > real_root_.size() && real.compare(0, real_root_.size(), real_root_) == 0 &&
         real[real_root_.size()] == '/';
}

std::string ItemLocator::full_path(std::string_view listed) const {
  if (examine_components(listed).is_plain) {
    std::string path = root_ == "/" ? "" : root_;
    path += '/';
    path += listed;
    return path;
  }
  std::string path = (fs::path(root_) / fs::path(listed)).lexically_normal().string();
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

ItemLocator::Location ItemLocator::locate(const std::string& listed) {
  // Manifests of stretches name each file many times; asking the system once is enough.
  const auto known = located_.find(listed);
  if (known != located_.end()) return known->second;
  Location location = locate_anew(listed);
  if (located_.size() < kMaxRemembered) located_.emplace(listed, location);
  return location;
}

ItemLocator::Location ItemLocator::locate_anew(std::string_view listed) {
  Location location;
  if (listed.empty()) {
    location.problem = "the path is empty";
  } else if (listed.find('\0') != std::string_view::npos) {
    location.problem = "the path contains a NUL byte";
  } else if (listed.find("://") != std::string_view::npos) {
    location.problem = fmt::format("'{}' is a URL; only local files are read", listed);
  } else if (!allow_outside_root_ && listed.front() == '/') {
    location.problem =
        fmt::format("'{}' is absolute; paths are relative to the data set's folder '{}'{}", listed,
                    root_, kHowToAllow);
  } else if (!allow_outside_root_ && examine_components(listed).has_parent) {
    location.problem =
        fmt::format("'{}' contains '..', which may leave '{}'{}", listed, root_, kHowToAllow);
  } else {
    examine(listed, location);
  }
  return location;
}

void ItemLocator::examine(std::string_view listed, Location& location) {
  location.path = full_path(listed);
  struct stat status {};
  if (lstat(location.path.c_str(), &status) != 0) {
    location.problem = why_missing(listed, errno);
    return;
  }
  bool is_inside = true;
  if (S_ISLNK(status.st_mode)) {
    is_inside = may_enter(location.path);
    if (is_inside && stat(location.path.c_str(), &status) != 0) {
      location.problem = fmt::format("'{}' is a symbolic link that cannot be followed: {}", listed,
                                     std::error_code(errno, std::generic_category()).message());
      return;
    }
  } else if (location.path != root_) {
    const std::string parent = location.path.substr(0, location.path.rfind('/'));
    const auto known = parent_inside_.find(parent);
    is_inside = known != parent_inside_.end()
                    ? known->second
                    : parent_inside_.emplace(parent, may_enter(parent)).first->second;
  }
  if (!is_inside) {
    location.problem =
        fmt::format("'{}' leads through a symbolic link out of '{}'{}", listed, root_, kHowToAllow);
    return;
  }
  location.is_directory = S_ISDIR(status.st_mode);
  if (location.is_directory && !holds_numbered_images(location.path)) {
    location.problem = fmt::format("'{}' is a folder without numbered images ({} such as 0001.png)",
                                   listed, join_extensions(image_name_extensions()));
  } else if (!location.is_directory && !S_ISREG(status.st_mode)) {
    location.problem = fmt::format("'{}' is neither a file nor a folder", listed);
  }
}

}  // namespace physprobe
