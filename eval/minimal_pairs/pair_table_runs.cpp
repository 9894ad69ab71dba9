#include "physprobe/eval/minimal_pairs/pair_table_runs.h"

#include "physprobe/core/error.h"
#include "physprobe/eval/minimal_pairs/mvp_rows.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <tuple>
#include <unordered_map>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

/// The answer of a prediction: read directly if it is an answer, else by the protocol's rule.
int predicted_answer(const std::string& prediction,
                     const std::array<std::string, 2>& candidates,
                     PredictionRule rule) {
  const int direct = answer_index(prediction, candidates);
  if (direct != kUnparsed) return direct;
  switch (rule) {
    case PredictionRule::kPlausible:
      return parse_possible_answer(prediction);
    case PredictionRule::kYesNo:
      return parse_yes_no_answer(prediction);
    case PredictionRule::kMvp:
      return parse_mvp_answer(prediction);
  }
  return kUnparsed;
}

std::string task_of(const AnswerRow& row) {
  return row.task.empty() ? "all" : row.task;
}

}  // namespace

std::pair<std::string, std::string> named_table(const std::string& given) {
  const std::size_t equals = given.find('=');
  if (!fs::exists(given) && equals != std::string::npos && equals > 0)
    return {given.substr(0, equals), given.substr(equals + 1)};
  return {fs::path(given).stem().string(), given};
}

PairRun answer_run(const std::string& given, const PairTableOptions& options) {
  PairRun run;
  std::string path;
  std::tie(run.model, path) = named_table(given);
  run.files = {path};
  std::map<std::string, PairTask> tasks;
  std::unordered_map<std::string, int> seen;  // task and id -> prediction
  for (AnswerRow& row : read_answer_table(path, options.table, run.problems)) {
    const auto problem = [&](const char* kind, const std::string& text) {
      run.problems.push_back({kind, path, row.line, row.id, text});
    };
    if (!row.prediction) {
      problem("missing key", "has no prediction");
      continue;
    }
    PairItem item;
    item.id = row.id;
    item.pair = row.pair.empty() ? pair_stem(row.id) : row.pair;
    item.source = row.source;
    item.cluster = row.cluster;
    item.question = row.question;
    item.candidates = row.candidates;
    item.label = answer_index(row.label, row.candidates);
    if (item.label == kUnparsed) {
      problem(row.label.empty() ? "missing key" : "answer not among the candidates",
              row.label.empty() ? "has no label"
                                : fmt::format("the label '{}' is no answer", row.label));
      continue;
    }
    const int strict = predicted_answer(*row.prediction, row.candidates, options.rule);
    const int direct = answer_index(*row.prediction, row.candidates);
    const int robust = direct != kUnparsed || options.rule != PredictionRule::kMvp
                           ? strict
                           : parse_robust_answer(*row.prediction, row.candidates);
    item.verdicts = {Verdict{strict, strict == item.label}, Verdict{robust, robust == item.label}};
    item.response = shown_response(*row.prediction);
    const std::string task = task_of(row);
    const auto [known, is_new] = seen.emplace(task + "\n" + row.id, strict);
    if (!is_new) {
      problem(known->second == strict ? "duplicate" : "contradictory duplicate",
              "is there more than once; all count, and the pair is incomplete");
    }
    PairTask& target = tasks[task];
    target.name = task;
    target.subset = "all tasks";
    target.items.push_back(std::move(item));
  }
  for (auto& [task, items] : tasks) run.tasks.push_back(std::move(items));
  return run;
}

}  // namespace physprobe
