#include "physprobe/datasets/voe/task_list.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"

#include <fmt/format.h>

#include <set>
#include <sstream>

namespace physprobe {

std::vector<std::string> read_task_list(const std::string& path) {
  std::istringstream text(read_file(path));
  std::vector<std::string> tasks;
  std::set<std::string> seen;
  int64_t number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    std::istringstream words(line);
    std::string task;
    if (!(words >> task)) continue;
    if (!seen.insert(task).second)
      throw Error(ErrorKind::kInput, path,
                  fmt::format("line {} names '{}' a second time", number, task));
    tasks.push_back(task);
  }
  if (tasks.empty()) throw Error(ErrorKind::kInput, path, "is empty; expected a video a line");
  return tasks;
}

}  // namespace physprobe
