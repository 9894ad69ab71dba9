#pragma once
// The scores of one model's MVP run: per task, per source within a task, and the group's unweighted
// mean as published, with the weighted one beside it; under both answer rules.

#include "physprobe/eval/minimal_pairs/item.h"
#include "physprobe/eval/minimal_pairs/pair_scores.h"

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// Right or wrong of a unit, by its name: what comparisons between models are made from.
struct NamedRating {
  std::string name;
  bool is_right = false;
};

/// An item whose verdict depends on the rule.
struct ChangedAnswer {
  std::string id;
  std::string response;
  int label = kUnparsed;
  Verdict strict, robust;
};

struct TaskScores {
  std::string subset;
  PairScores all;                   ///< `all.name` is the task.
  std::vector<PairScores> sources;  ///< Sorted by name; empty when no source is known.
  double robust_single = 0.0, robust_pair = 0.0;  ///< Percent, by the robust rule …
  double strict_single = 0.0, strict_pair = 0.0;  ///< … and by the benchmark's.
  std::vector<ChangedAnswer> changed;
  std::vector<NamedRating> items, pairs;  ///< Sorted by name; complete pairs, first of each id.
};

struct GroupScores {
  std::string subset;
  std::vector<std::string>
      missing;            ///< Tasks of the subset without a log; the mean is of the others.
  Accuracy single, pair;  ///< Unweighted mean over tasks, as published.
  Accuracy weighted_single, weighted_pair;
  double robust_single = 0.0, robust_pair = 0.0;  ///< Unweighted.
  double strict_single = 0.0, strict_pair = 0.0;
};

struct RunScores {
  std::string model;
  std::vector<std::string> files;
  std::vector<TaskScores> tasks;    ///< In the order of the run.
  std::vector<GroupScores> groups;  ///< One per subset that occurs.
  std::vector<PairProblem> problems;
  std::vector<std::string> notes;
};

/// `subset_tasks` names the tasks that make up a group, without their subset; empty: the group is
/// of the tasks that are there. Pairs without partner are added to the problems.
RunScores score_run(const PairRun& run,
                    const std::vector<std::string>& subset_tasks,
                    const PairScoreOptions& options,
                    int threads);

}  // namespace physprobe
