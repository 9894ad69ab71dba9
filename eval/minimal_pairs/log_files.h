#pragma once
// Which files of a folder are logs, of what kind, and whose: an evaluation harness writes one
// folder per model.

#include <string>
#include <vector>

namespace physprobe {

enum class LogKind {
  kHarness,     ///< <date>_samples_<task>.jsonl
  kSubmission,  ///< <subset>_<task>_valid.jsonl, rows {data_name, row_id, model_answer, task}
  kTable,       ///< .csv, or .jsonl with one flat row an item
};

struct LogFile {
  std::string path;
  LogKind kind = LogKind::kHarness;
  std::string task;  ///< From the name of a harness log; "" otherwise.
  std::string date;  ///< What stands before "_samples_".
};

struct ModelFiles {
  std::string model;
  std::vector<LogFile> logs;        ///< Sorted by task, then path.
  std::vector<std::string> totals;  ///< <date>_results.json beside the logs.
};

struct LogSearch {
  /// Of several harness logs of one task in a folder only the latest; otherwise that is an error.
  bool latest_only = false;
};

/// `paths` are files, folders of one model, folders of such folders, or NAME=PATH to name the
/// model. A folder that holds logs is one model, named after the folder; its sub-folders are then
/// left alone. Throws Error(kInput) for a path that does not exist or holds no log, and where one
/// task has logs of several dates, Error(kUsage) for two models of one name.
std::vector<ModelFiles> find_logs(const std::vector<std::string>& paths,
                                  const LogSearch& search = {});

}  // namespace physprobe
