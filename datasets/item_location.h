#pragma once
// Where a listed path leads on disk, and whether a data set may go there: nothing outside its root
// is read unless the user allows it. Internal.

#include <string>
#include <string_view>
#include <unordered_map>

namespace physprobe {

/// Resolves paths listed relative to one root directory.
class ItemLocator {
 public:
  /// `root` must exist. Throws Error(kInput) if it cannot be resolved.
  ItemLocator(const std::string& root, bool allow_outside_root);

  struct Location {
    std::string path;  ///< Absolute, without "." and "..", symbolic links kept.
    bool is_directory = false;
    std::string problem;  ///< What is wrong with it; empty if it may be read.
  };
  /// Problems: empty path, a URL, absolute, "..", a symbolic link that leaves the root, nothing
  /// there, a folder without numbered images, neither file nor folder. Whether a file can be
  /// decoded is not looked at.
  Location locate(const std::string& listed);

  /// True if `path` (existing) is inside the root once every symbolic link is followed, or if going
  /// outside is allowed.
  bool may_enter(const std::string& path) const;

  const std::string& root() const { return root_; }  ///< Absolute.

 private:
  Location locate_anew(std::string_view listed);
  std::string full_path(std::string_view listed) const;
  void examine(std::string_view listed, Location& location);

  std::string root_;
  std::string real_root_;
  bool allow_outside_root_;
  std::unordered_map<std::string, bool> parent_inside_;
  std::unordered_map<std::string, Location> located_;  ///< The first paths asked for, bounded.
};

}  // namespace physprobe
