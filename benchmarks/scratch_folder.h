#pragma once
// A folder of one benchmark, removed at its end.

#include "physprobe/core/error.h"

#include <cstdlib>
#include <filesystem>
#include <string>

namespace physprobe {

class ScratchFolder {
 public:
  /// In the system's folder for temporary files or, with `in_memory` and where there is one, in a
  /// file system without a disk behind it. Throws Error(kResource).
  explicit ScratchFolder(bool in_memory = false) {
    std::error_code ignored;
    const bool has_memory = in_memory && std::filesystem::is_directory("/dev/shm", ignored);
    const std::filesystem::path base =
        has_memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
    path_ = (base / "physprobe-bench-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) {
      throw Error(ErrorKind::kResource, path_,
                  "cannot be created; set TMPDIR to a writable folder");
    }
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace physprobe
