#pragma once
// `score mvp`: logs of any number of models in, one document of scores, comparisons and diagnostics
// out. Protocol pairs/mvp-1.

#include "physprobe/eval/minimal_pairs/control_runs.h"
#include "physprobe/eval/minimal_pairs/mvp_reader.h"
#include "physprobe/eval/minimal_pairs/pair_scores.h"
#include "physprobe/eval/minimal_pairs/score_document.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace physprobe {

constexpr const char* kMvpProtocol = "pairs/mvp-1";

struct MvpOptions {
  std::vector<std::string> annotations;  ///< Files or folders; may be empty.
  std::string cluster_field;             ///< Annotation field that names a pair's cluster.
  LogSearch search;
  DuplicateRule duplicates = DuplicateRule::kReport;
  PairScoreOptions scores;
  std::vector<std::pair<ControlKind, std::string>> controls;  ///< Kind, path of its log.
  int threads = 0;
};

/// Scores the logs under `paths` (`find_logs`). `each_run` is called once per model, in order, with
/// what was read, for those who write items or submissions; may be null. A single model's `tasks`
/// and `group` also stand at the top of the document (docs/minimal_pairs.md). All models' problems
/// are appended to `problems`. Throws Error(kInput), Error(kUsage) (controls need exactly one
/// model).
nlohmann::ordered_json score_mvp(const std::vector<std::string>& paths,
                                 const MvpOptions& options,
                                 const std::function<void(const PairRun&)>& each_run,
                                 ModelProblems& problems);

/// The published results as a list of {model, subset, pair_accuracy, single_accuracy, tasks,
/// source}.
nlohmann::ordered_json published_mvp_json();

}  // namespace physprobe
