#pragma once
// The files of a run directory, and the rules about reusing one.

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace physprobe {

struct RunPaths {
  explicit RunPaths(std::string directory);
  std::string directory, run_json, items, failures, results_json, results_csv, media, store, log,
      complete, plan;
};

/// "media" file stem of an item: a digest of its id and of what is shown, two characters of it as a
/// folder.
std::string media_stem(const std::string& item_id,
                       const std::string& video_digest,
                       const std::string& shown);

/// Makes `directory` ready for a run of the suite with this digest: refuses one that holds another
/// run (Error(kUsage)) unless `overwrite`, removes COMPLETE, which a run in progress must not show.
void prepare_run_directory(const RunPaths& paths, const std::string& suite_digest, bool overwrite);

/// Rewrites items.jsonl (any order, later lines win) in the order of `ids`, each line passed
/// through `transform`; atomic, one line in memory at a time. Returns the ids that had no line.
std::vector<std::string> rewrite_items(
    const std::string& source,
    const std::string& destination,
    const std::vector<std::string>& ids,
    const std::function<void(nlohmann::ordered_json&)>& transform);

/// Appends a line with the time to the run's log.
void log_line(const RunPaths& paths, const std::string& text);

}  // namespace physprobe
