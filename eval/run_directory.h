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
      complete, plan, report, report_data;
};

/// "media" file stem of an item: a digest of its id and of what is shown, two characters of it as a
/// folder.
std::string media_stem(const std::string& item_id,
                       const std::string& video_digest,
                       const std::string& shown);

/// What a run is about to write into a directory, as far as it decides whether the directory may be
/// used again.
struct RunIdentity {
  std::string suite_digest;
  std::string dataset_path;  ///< "" for a rendered world.
};

/// Throws Error(kUsage) when the directory holds a run of another configuration or data set and
/// `overwrite` is off, Error(kIncompatible) when a newer physprobe wrote it. Changes nothing.
void refuse_other_run(const RunPaths& paths, const RunIdentity& identity, bool overwrite);

/// Whose results a directory holds: a suite's (`run`, `merge`), `score physics-iq`'s, or those of a
/// scoring of pairs (`score …`, `probe surprise`).
enum class RunKind { kSuite, kPhysicsIq, kPairs };

/// Throws Error(kUsage) when the directory holds a run, finished or not, of another kind than
/// `kind`: its results would be lost. Changes nothing.
void refuse_run_of_another_kind(const RunPaths& paths, RunKind kind);

/// As `refuse_other_run` for the list of items: an older plan.json that names others is refused.
void refuse_other_items(const RunPaths& paths, const std::string& ids_digest, bool overwrite);

/// Clears what a run in progress must not show: COMPLETE, leftovers of killed processes and, with
/// `overwrite`, all results of the run found. A store is keyed by content and stays. Call with the
/// directory locked.
void prepare_run_directory(const RunPaths& paths, bool overwrite);

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
