#pragma once
// `score pairs` and its relatives: tables of answers or scores under protocols other than MVP.

#include "physprobe/eval/minimal_pairs/answer_table.h"
#include "physprobe/eval/minimal_pairs/grouped_run.h"
#include "physprobe/eval/minimal_pairs/grouped_scores.h"
#include "physprobe/eval/minimal_pairs/pair_scores.h"
#include "physprobe/eval/minimal_pairs/score_mvp.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <vector>

namespace physprobe {

/// How a table's predictions are read when they are no index, letter, word of the label's kind or
/// candidate's text.
enum class PredictionRule { kMvp, kPlausible, kYesNo };

using EachGroupedRun = std::function<void(const GroupedProtocol&, const GroupedRun&)>;

struct PairTableOptions {
  std::string protocol = "pairs/generic-1";
  AnswerTableOptions table;
  PredictionRule rule = PredictionRule::kMvp;
  PairScoreOptions scores;
  DuplicateRule duplicates = DuplicateRule::kReport;
  /// With a score column: whether the possible clip (label 1) is the one that scores lower, as
  /// surprise does.
  bool lower_is_possible = true;
  int threads = 0;
};

/// Scores tables of answers (one model a table, NAME=PATH names it) on the engine of `score_mvp`:
/// the same document, tasks named by the task column (or "all"). A table with a score column
/// instead of predictions is scored by relative accuracy (`grouped_document`, with
/// tasks.<task>.relative_accuracy, ties and half_credit). `each_run` or `each_relative` is called
/// per model, in order; both may be null. Throws as `read_answer_table` does.
nlohmann::ordered_json score_pair_tables(const std::vector<std::string>& tables,
                                         const PairTableOptions& options,
                                         const std::function<void(const PairRun&)>& each_run,
                                         ModelProblems& problems,
                                         const EachGroupedRun& each_relative = nullptr);

/// Winoground, Vinoground or NaturalBench: every table (PATH or NAME=PATH) a model, read as the
/// protocol's reader says (grouped_run.h). `each_run` is called per model, in order; may be null.
nlohmann::ordered_json score_grouped_tables(const GroupedProtocol& protocol,
                                            const std::vector<std::string>& tables,
                                            const GroupedSource& source,
                                            const BootstrapOptions& options,
                                            const EachGroupedRun& each_run,
                                            ModelProblems& problems);

/// Error consistency of two tables of answers, joined by task and id: {items, n_unshared}. Throws
/// Error(kInput) when they share no item.
nlohmann::ordered_json score_error_consistency(const std::string& first,
                                               const std::string& second,
                                               const PairTableOptions& options,
                                               ModelProblems& problems);

}  // namespace physprobe
