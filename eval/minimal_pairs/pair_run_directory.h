#pragma once
// A scoring as a run directory: the files a later report, comparison or reader needs.

#include "physprobe/core/directory_lock.h"
#include "physprobe/eval/minimal_pairs/item.h"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace physprobe {

class PairRunDirectory {
 public:
  /// Makes the folder and locks it. Throws Error(kUsage) if it holds finished results, or a run of
  /// another kind, and `overwrite` is off; Error(kResource). Results that the same `command_line`
  /// made are continued nevertheless if it was stopped before its report was sealed, or always
  /// with `may_be_repeated`.
  PairRunDirectory(std::string directory,
                   bool overwrite,
                   const std::vector<std::string>& command_line = {},
                   bool may_be_repeated = false);

  /// Appends the items of a run to items.jsonl, in the order of calls.
  void add_items(const PairRun& run);
  /// The same of ready lines (`grouped_item_lines`).
  void add_item_lines(const std::string& lines);
  /// Writes failures.jsonl, results.json, results.csv and run.json, then COMPLETE with the digests
  /// of all of them and of `more_files` in the folder, as `physprobe run` does.
  void finish(const nlohmann::ordered_json& results,
              const std::vector<std::pair<std::string, PairProblem>>& problems,
              const std::vector<std::string>& command_line,
              const std::vector<std::string>& more_files = {});

 private:
  std::string directory_;
  std::optional<DirectoryLock> lock_;
};

/// The items of a run as JSON lines: {model, task, id, pair, source, question, candidates,
/// response, right_answer, strict, robust, strict_is_right, robust_is_right}.
std::string item_lines(const PairRun& run);

}  // namespace physprobe
