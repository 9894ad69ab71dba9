#pragma once
// What lies in a folder of a published layout, in byte order. Internal.

#include <string>
#include <vector>

namespace physprobe {

struct FolderNames {
  std::vector<std::string> folders;
  std::vector<std::string> files;  ///< Everything that is no folder.
};

/// Names without hidden ones; links count as what they lead to. Empty for what cannot be listed.
FolderNames names_in(const std::string& directory);

bool is_folder(const std::string& path);
bool is_file(const std::string& path);

}  // namespace physprobe
