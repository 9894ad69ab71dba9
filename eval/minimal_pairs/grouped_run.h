#pragma once
// One model's answers to a benchmark of grouped scores, judged.

#include "physprobe/eval/minimal_pairs/answer_table.h"
#include "physprobe/eval/minimal_pairs/item.h"

#include <string>
#include <utility>
#include <vector>

namespace physprobe {

struct GroupedExample {
  std::string task;  ///< "" where the benchmark has none.
  std::string id;
  std::vector<int> right;                                  ///< Units right by the protocol's kinds.
  std::vector<std::pair<std::string, std::string>> given;  ///< What was judged: name and text.
  /// Examples that share it are not independent; "" for independent ones.
  std::string cluster;
};

struct GroupedRun {
  std::string model;
  std::vector<std::string> files;
  std::vector<GroupedExample> examples;  ///< By task, then id; ids are unique within a task.
  std::vector<PairProblem> problems;
};

/// How a benchmark's files are read.
struct GroupedSource {
  AnswerTableOptions table;
  /// Vinoground's textscore and videoscore files ({idx, GT} entries), for logs without the answers.
  std::vector<std::string> annotations;
};

/// One model (PATH or NAME=PATH): columns id, s00, s01, s10, s11 (s<caption><visual>) as CSV, or a
/// safetensors file with one (N,2,2) array. A broken row is a problem and counts as wrong. Throws
/// Error(kInput).
GroupedRun read_winoground(const std::string& given, const GroupedSource& source);

/// Ids <n>_pos|neg_text|video with prediction and label (A or B): a table, or a harness's sample
/// log, whose answers stand in the benchmark's own files (`annotations`).
GroupedRun read_vinoground(const std::string& given, const GroupedSource& source);

/// Ids <n>_q0i0 … <n>_q1i1 with a prediction (yes/no, A/B, 1/0 or a response) and, for other than
/// yes or no, task multiple_choice; or a harness's sample log, whose items are counted through.
GroupedRun read_naturalbench(const std::string& given, const GroupedSource& source);

}  // namespace physprobe
