#pragma once
// `score pairs` and its relatives: tables of answers or scores under protocols other than MVP.

#include "physprobe/eval/minimal_pairs/answer_table.h"
#include "physprobe/eval/minimal_pairs/pair_scores.h"
#include "physprobe/eval/minimal_pairs/score_mvp.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <vector>

namespace physprobe {

/// How a table's predictions are read when they are no index, letter, word of the label's kind or
/// candidate's text.
enum class PredictionRule { kMvp, kPossible, kYesNo };

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
/// instead of predictions is scored by relative accuracy: tasks.<task>.relative_accuracy. Throws as
/// `read_answer_table` does.
nlohmann::ordered_json score_pair_tables(const std::vector<std::string>& tables,
                                         const PairTableOptions& options,
                                         const std::function<void(const PairRun&)>& each_run,
                                         ModelProblems& problems);

/// Winoground: columns id, s00, s01, s10, s11 (s<caption><visual>), or a safetensors file with one
/// (N,2,2) array. Vinoground: ids <n>_pos|neg_text|video, prediction, label. NaturalBench: ids
/// <n>_q0i0 … <n>_q1i1, prediction (yes/no, A/B, 1/0 or a response). One document of grouped
/// scores.
nlohmann::ordered_json score_winoground(const std::string& path,
                                        double level,
                                        ModelProblems& problems);
nlohmann::ordered_json score_vinoground(const std::string& path,
                                        const AnswerTableOptions& table,
                                        double level,
                                        ModelProblems& problems);
nlohmann::ordered_json score_naturalbench(const std::string& path,
                                          const AnswerTableOptions& table,
                                          double level,
                                          ModelProblems& problems);

/// Error consistency of two tables of answers, joined by task and id: {items, n_unshared}. Throws
/// Error(kInput) when they share no item.
nlohmann::ordered_json score_error_consistency(const std::string& first,
                                               const std::string& second,
                                               const PairTableOptions& options,
                                               ModelProblems& problems);

}  // namespace physprobe
