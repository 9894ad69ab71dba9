#pragma once
// A scratch folder with files of given names, and the problems a data set in it has, as text.

#include "physprobe/core/atomic_file.h"
#include "physprobe/datasets/dataset.h"

#include "support/temp_dir.h"

#include <filesystem>
#include <string>
#include <vector>

namespace physprobe::testing {

class DatasetFolder {
 public:
  std::string path() const { return directory_.path(); }
  std::string operator/(const std::string& name) const { return directory_ / name; }

  /// Creates `name` and the folders above it; what is inside matters only to decoders.
  const DatasetFolder& add(const std::string& name, const std::string& content = "x") const {
    create_directories(std::filesystem::path(directory_ / name).parent_path().string());
    write_file_atomic(directory_ / name, content);
    return *this;
  }

 private:
  TempDir directory_;
};

/// "line: text" per problem, in order.
inline std::vector<std::string> problems_of(const std::string& path,
                                            const DatasetOptions& options = {},
                                            Dataset* dataset = nullptr) {
  std::vector<std::string> texts;
  for (const DatasetProblem& problem : validate_dataset(path, options, dataset)) {
    texts.push_back(std::to_string(problem.line) + ": " + problem.text);
  }
  return texts;
}

inline std::vector<std::string> ids_of(const Dataset& dataset) {
  std::vector<std::string> ids;
  for (const DatasetItem& item : dataset.items) ids.push_back(item.id);
  return ids;
}

}  // namespace physprobe::testing
