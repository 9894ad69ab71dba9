#pragma once
// One line for every generated video: score, cause with its evidence, curves, media. Internal to
// `eval/physics_iq/`.

#include "physprobe/eval/physics_iq/evaluation.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace physprobe {

struct ItemLines {
  int64_t ok = 0;
  int64_t failed = 0;
  std::set<std::string> failed_runs;                             ///< Runs that lack a view.
  std::map<std::string, std::map<std::string, int64_t>> causes;  ///< Run, cause.
  std::string digests_sha256;                                    ///< Of digests.csv.
};

/// Writes items.jsonl, failures.jsonl, digests.csv and media/ into the evaluation's folder.
ItemLines write_item_lines(const PhysicsIqOptions& options,
                           const EvaluationPlan& plan,
                           const std::vector<ViewOutcome>& outcomes,
                           const std::vector<std::string>& messages);

}  // namespace physprobe
