#pragma once
// Files for the benchmark's leaderboard.

#include "physprobe/eval/minimal_pairs/item.h"

#include <string>
#include <vector>

namespace physprobe {

/// Writes <subset>_<task>_valid.jsonl per task into `folder` (made if missing), rows in the order
/// of the log: {"data_name","row_id","model_answer","task"}. An unparsed answer becomes the FIRST
/// candidate, as the benchmark's own writer has it. Returns the files. Throws Error(kInput) naming
/// the items whose candidates are unknown (give annotations), Error(kResource).
std::vector<std::string> write_submission(const PairRun& run, const std::string& folder);

}  // namespace physprobe
