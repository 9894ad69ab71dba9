#pragma once
// The list of videos for which a challenge expects a score, from its starter kit.

#include <string>
#include <vector>

namespace physprobe {

/// The lines of a task list in order, without empty ones; only the first word of a line counts, so
/// that a submission can be read as its own list. Throws Error(kInput) for a file that cannot be
/// read, is empty, or names a video twice.
std::vector<std::string> read_task_list(const std::string& path);

}  // namespace physprobe
