#pragma once
// Files for the challenges of IntPhys and IntPhys 2, from surprise curves.

#include "physprobe/eval/voe/surprise_set.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace physprobe {

/// Curves without labels from a JSON document of `probe surprise` ({contexts, items or videos:
/// [{id, surprise}]}, or one with a single video). Throws Error(kInput).
SurpriseSet read_surprise_document(const std::string& path);

/// Row of the curves: a context, or nullopt for Filtered. Throws Error(kUsage) that lists the
/// contexts.
std::size_t row_of_context(const SurpriseSet& set, const std::optional<int64_t>& context);

/// Surprise of every task by mean or maximum, in the order of `tasks`. Throws one Error(kInput)
/// that names tasks without curves and curves without a task.
std::vector<double> surprise_of_tasks(const SurpriseSet& set,
                                      const std::vector<std::string>& tasks,
                                      std::size_t row,
                                      SurprisePooling pooling);

/// IntPhys: "<task> <1 - surprise / scale>" a line. The challenge takes plausibilities in [0, 1]
/// only: throws Error(kInput) where one is not, with a scale that would do (dividing by it changes
/// no ranking).
std::string intphys_submission(const std::vector<std::string>& tasks,
                               const std::vector<double>& surprise,
                               double scale = 1.0);

/// Reads a submission back: every task exactly once, every score in [0, 1]. Throws one
/// Error(kInput) that names every line that is wrong and the tasks that are missing. Returns the
/// number of lines.
int64_t check_intphys_submission(const std::string& path, const std::vector<std::string>& tasks);

/// IntPhys 2, held out: {"data_name":"intphys2","task":"HeldOut","row_id","model_answer"} a line, 1
/// for videos held to be possible: those below `threshold`, or without one the half that surprises
/// less (ties by name), as half of the videos are possible.
std::string intphys2_submission(const std::vector<std::string>& names,
                                const std::vector<double>& surprise,
                                const std::optional<double>& threshold);

/// As above; the order of lines is free.
int64_t check_intphys2_submission(const std::string& path, const std::vector<std::string>& names);

}  // namespace physprobe
