#pragma once
// Executes a suite into a run directory (docs/run_format.md): plan, embed, retrieve, probe,
// aggregate. Killed at any moment and started again it continues, and ends byte-identical to an
// uninterrupted run.

#include "physprobe/core/progress.h"
#include "physprobe/eval/shard.h"
#include "physprobe/eval/suite.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace physprobe {

struct RunOptions {
  std::string out;    ///< Run directory; with a shard, its sub-folder `Shard::folder()` is used.
  std::string cache;  ///< Embedding store to use; "" = OUT/store.
  bool overwrite = false;  ///< Replace another run in `out`; embeddings already made are kept.
  Shard shard;
  int threads = 0;     ///< Never changes a value.
  std::string device;  ///< Where encoders compute (run_plan.h); in no key.
  std::function<void(const std::string&)> narrate;  ///< Told of every step, if set.
  int64_t chunk_frames = 8;  ///< Frames encoded at a time; never changes a value.
  int64_t flush_items = 16;  ///< Items per sealed segment (or every few seconds).
  ProgressMode progress = ProgressMode::kAuto;
  std::vector<std::string> command_line;  ///< For run.json.
  void validate() const;
};

struct RunSummary {
  std::string directory;  ///< Where the results are.
  int64_t items = 0;
  int64_t ok = 0;
  int64_t failed = 0;
  int64_t from_cache = 0;
  int interrupted_by = 0;  ///< Signal number, 0 if the run completed.
};

/// Throws for errors of the run as a whole, before anything is written when the request itself is
/// at fault; failed items are data (RunSummary::failed). `out` may hold a run of the same suite
/// over the same items, which is continued; any other is refused. Does not write the report.
RunSummary run_suite(const Suite& suite, const RunOptions& options);

/// What `--dry-run` prints: measured on up to three items of the shard, nothing is kept.
struct RunEstimate {
  int64_t items = 0;
  int64_t measured_items = 0;
  double seconds_per_item = 0.0;
  double seconds_total = 0.0;  ///< Of this shard.
  double peak_memory_bytes = 0.0;
  double disk_bytes = 0.0;            ///< Store, items and media of this shard.
  std::vector<std::string> warnings;  ///< Of items that could not be read.
  int interrupted_by = 0;             ///< Signal number; nothing is estimated then.
};
RunEstimate estimate_run(const Suite& suite, const RunOptions& options);

/// Joins finished shard directories (or all those inside a directory) into `out`, proving that
/// every item of the data set is there exactly once and that all used the same suite and version.
/// Error(kInput) lists missing and doubled items; Error(kIncompatible) for differing suites or
/// versions. Shards that shared a --cache are read from there.
RunSummary merge_runs(const std::vector<std::string>& shard_directories,
                      const std::string& out,
                      bool overwrite = false);

/// The summary table of a finished run, for a terminal.
std::string format_summary_table(const std::string& run_directory);

}  // namespace physprobe
