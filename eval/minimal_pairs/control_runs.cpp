#include "physprobe/eval/minimal_pairs/control_runs.h"

#include "physprobe/core/statistics/proportion.h"

#include <fmt/format.h>

#include <limits>
#include <unordered_map>

namespace physprobe {
namespace {

double share(int64_t count, int64_t of) {
  return of == 0 ? std::numeric_limits<double>::quiet_NaN()
                 : 100.0 * static_cast<double>(count) / static_cast<double>(of);
}

/// Items with an answer in both runs, and those whose answers name the same candidate. With known
/// candidate texts these are compared, else the letters must differ.
void count_same_candidate(const PairRun& full,
                          const PairRun& control,
                          AnswerRule rule,
                          ControlResult& result) {
  std::unordered_map<std::string, const PairItem*> swapped;
  for (const PairTask& task : control.tasks) {
    for (const PairItem& item : task.items) swapped.emplace(task.name + "\n" + item.id, &item);
  }
  int64_t answered = 0;
  int64_t same = 0;
  for (const PairTask& task : full.tasks) {
    for (const PairItem& item : task.items) {
      const auto other = swapped.find(task.name + "\n" + item.id);
      if (other == swapped.end()) continue;
      const int before = item.verdict(rule).prediction;
      const int after = other->second->verdict(rule).prediction;
      if (before == kUnparsed || after == kUnparsed) continue;
      ++answered;
      const std::string& text = item.candidates[static_cast<std::size_t>(before)];
      const std::string& swapped_text = other->second->candidates[static_cast<std::size_t>(after)];
      same += text.empty() || swapped_text.empty() ? before != after : text == swapped_text;
    }
  }
  result.same_candidate = share(same, answered);
}

std::string finding_of(const ControlResult& result) {
  if (result.n == 0)
    return fmt::format("The {} run shares no pair with the full run.", control_name(result.kind));
  if (result.kind == ControlKind::kSwappedOptions) {
    return fmt::format(
        "With the options swapped {:.1f} % of the answers name the same candidate, "
        "and {:.1f} % of the pairs are right in both orders.",
        result.same_candidate, result.pairs_right_in_both);
  }
  const Interval& interval = result.full_minus_control.interval;
  const char* verdict = interval.low > 0.0    ? "what was taken away matters"
                        : interval.high < 0.0 ? "the model does better without it"
                                              : "no difference can be told";
  return fmt::format(
      "The {} run reaches {:.1f} % pair accuracy; the full run's minus this is {:+.1f} points "
      "[{:+.1f}, {:+.1f}]: {}. It solves {:.1f} % of the pairs that the full run solves.",
      control_name(result.kind), result.control_pair, result.full_minus_control.difference,
      interval.low, interval.high, verdict, result.solved_by_control);
}

}  // namespace

const char* control_name(ControlKind kind) {
  switch (kind) {
    case ControlKind::kBlind:
      return "blind";
    case ControlKind::kSingleFrame:
      return "single-frame";
    case ControlKind::kShuffledFrames:
      return "shuffled-frames";
    case ControlKind::kSwappedOptions:
      return "swapped-options";
  }
  return "control";
}

ControlResult compare_control(ControlKind kind,
                              const PairRun& full_run,
                              const RunScores& full,
                              const PairRun& control_run,
                              const RunScores& control,
                              const PairScoreOptions& options) {
  ControlResult result;
  result.kind = kind;
  AgreementCounts counts;
  int64_t unshared = 0;
  for (const TaskScores& task : full.tasks) {
    for (const TaskScores& other : control.tasks) {
      if (other.all.name != task.all.name) continue;
      int64_t alone = 0;
      const AgreementCounts of_task = shared_agreement(task.pairs, other.pairs, &alone);
      counts.both += of_task.both;
      counts.only_first += of_task.only_first;
      counts.only_second += of_task.only_second;
      counts.neither += of_task.neither;
      unshared += alone;
    }
  }
  result.n = counts.n();
  const int64_t control_right = counts.both + counts.only_second;
  result.control_pair = share(control_right, result.n);
  result.control_interval = in_percent(
      wilson_interval(static_cast<double>(control_right), result.n, options.bootstrap.level));
  result.full_minus_control = paired_difference("all", counts, unshared, options.bootstrap);
  result.solved_by_control = share(counts.both, counts.both + counts.only_first);
  result.pairs_right_in_both = share(counts.both, result.n);
  if (kind == ControlKind::kSwappedOptions)
    count_same_candidate(full_run, control_run, options.rule, result);
  result.finding = finding_of(result);
  return result;
}

}  // namespace physprobe
