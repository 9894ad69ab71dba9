#pragma once
// A model's MVP logs, of whatever kind, as items: answers parsed by both rules, annotations joined,
// and everything in the files that contradicts itself listed.

#include "physprobe/eval/minimal_pairs/annotations.h"
#include "physprobe/eval/minimal_pairs/item.h"
#include "physprobe/eval/minimal_pairs/log_files.h"

#include <string>

namespace physprobe {

enum class DuplicateRule {
  kReport,  ///< Keep all: three items of a pair are an incomplete pair, as the harness counts them.
  kKeepLast,  ///< Of equal ids the last one (resumed logs).
};

struct MvpReadOptions {
  const Annotations* annotations = nullptr;  ///< Null: only what the logs say themselves.
  DuplicateRule duplicates = DuplicateRule::kReport;
  int threads = 0;  ///< Never changes a value.
};

/// The names of MVP's tasks without their subset, in the order of the published tables.
const std::vector<std::string>& mvp_tasks();
/// "mvp_mini" and "mvp", the subsets whose four tasks make a group.
const std::vector<std::string>& mvp_subsets();

/// Reads all logs of a model. Rows that cannot be scored (broken lines, missing keys, unknown
/// tasks, no right answer known) are left out and listed in `problems`; rows that can but
/// contradict themselves are scored from the response and listed too.
PairRun read_mvp_run(const ModelFiles& files, const MvpReadOptions& options);

}  // namespace physprobe
