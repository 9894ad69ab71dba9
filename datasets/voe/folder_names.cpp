#include "physprobe/datasets/voe/folder_names.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace physprobe {

namespace fs = std::filesystem;

FolderNames names_in(const std::string& directory) {
  FolderNames names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name.front() == '.') continue;
    std::error_code ignored;
    (entry->is_directory(ignored) ? names.folders : names.files).push_back(std::move(name));
  }
  std::sort(names.folders.begin(), names.folders.end());
  std::sort(names.files.begin(), names.files.end());
  return names;
}

bool is_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool is_file(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

}  // namespace physprobe
