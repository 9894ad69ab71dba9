#pragma once
// What every minimal-pair protocol is scored from: items with a right answer of two and a model's
// answer, gathered into tasks; and what was wrong with the files they came from.

#include "physprobe/eval/minimal_pairs/response_parsers.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// Which rule decides what a response says.
enum class AnswerRule { kStrict = 0, kRobust = 1 };

/// A model's answer to an item under one rule.
struct Verdict {
  int prediction = kUnparsed;  ///< 0, 1 or kUnparsed. Unparsed is wrong, never dropped.
  bool is_right = false;
};

struct PairItem {
  std::string id;
  std::string pair;     ///< Items of one task with equal `pair` belong together.
  std::string source;   ///< Data set the item stems from; "" when unknown.
  std::string cluster;  ///< Unit of independence beyond the pair (a scene); "" when not asked for.
  std::string question;
  std::array<std::string, 2> candidates;
  std::string response;  ///< As far as it is shown; "" when the file has none.
  int label = kUnparsed;
  std::array<Verdict, 2> verdicts;  ///< By AnswerRule.

  const Verdict& verdict(AnswerRule rule) const { return verdicts[static_cast<std::size_t>(rule)]; }
};

struct PairTask {
  std::string name;             ///< "mvp_mini_intuitive_physics".
  std::string subset;           ///< What its group score is called: "mvp_mini".
  std::vector<PairItem> items;  ///< In the order of the files.
};

/// A defect of the input. The kinds are few and fixed ("broken line", "missing key", …), so that
/// they can be counted.
struct PairProblem {
  std::string kind;
  std::string file;
  int64_t line = 0;  ///< 0: not of a single line.
  std::string id;    ///< Item or pair; "" when unknown.
  std::string text;
};

/// One model's logs, read.
struct PairRun {
  std::string model;
  std::vector<std::string> files;
  std::vector<PairTask> tasks;  ///< Sorted by name.
  std::vector<PairProblem> problems;
  std::vector<std::string> notes;
};

/// The pair of an MVP item: the id without its last "_" and what follows; "" for ids without "_".
std::string pair_stem(const std::string& id);

}  // namespace physprobe
