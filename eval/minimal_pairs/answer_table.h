#pragma once
// Tables of answers in CSV or JSON lines: a row an item, columns by name. Also what VLMEvalKit
// writes (index, question, A, B, answer, prediction).

#include "physprobe/eval/minimal_pairs/item.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace physprobe {

struct AnswerRow {
  std::string file;
  int64_t line = 0;
  std::string id, pair, task, source, cluster, question;
  std::array<std::string, 2> candidates;
  std::string label;
  std::optional<std::string> prediction;  ///< As written; may be empty.
  std::optional<double> score;
  std::map<std::string, std::string> others;  ///< Cells of AnswerTableOptions::others that are
                                              ///< there.
};

struct AnswerTableOptions {
  std::map<std::string, std::string> columns;  ///< Ours to theirs.
  std::string cluster_field;
  std::vector<std::string> others;    ///< More columns of the file to keep, by its names.
  std::vector<std::string> required;  ///< Of `others`: a CSV file without them is refused.
  bool needs_answers = true;          ///< false: labels alone will do, scores come from elsewhere.
};

/// Our names of columns: id, pair, task, source, question, candidates, A, B, label, prediction,
/// score. Without a mapping these are also found under the names video_id, index, row_id (id),
/// property (task), group (source), answer (label), response, model_answer (prediction), surprise
/// (score).
/// Broken lines and rows without id are listed in `problems`. Throws Error(kInput) when the file
/// cannot be read, has no row, or has no id column, neither prediction nor score (if answers are
/// needed) or no label (if not), Error(kUsage) for a mapping of a column of ours that does not
/// exist, and for columns named in the options that a CSV file does not have.
std::vector<AnswerRow> read_answer_table(const std::string& path,
                                         const AnswerTableOptions& options,
                                         std::vector<PairProblem>& problems);

/// 0 or 1 of a letter (A, B), an index (0, 1), true/false, yes/no, possible/impossible (the first
/// of each is 1, but A is 0), whatever their case; or of a candidate's text. kUnparsed otherwise.
int answer_index(const std::string& text, const std::array<std::string, 2>& candidates);

}  // namespace physprobe
