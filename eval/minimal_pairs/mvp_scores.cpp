#include "physprobe/eval/minimal_pairs/mvp_scores.h"

#include "physprobe/core/parallel.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace physprobe {
namespace {

/// Values under a rule, without intervals.
std::pair<double, double> plain_scores(const UnitList& units, AnswerRule rule) {
  const auto percent = [](const TabulatedStratum& stratum) {
    const double share = tabulated_statistic({stratum});
    return share == share ? 100.0 * share : 0.0;  // nothing counted is 0, as the harness has it
  };
  return {percent(single_stratum(units, rule)), percent(pair_stratum(units, rule))};
}

UnitList counted_units(const UnitList& units, bool drop_incomplete) {
  UnitList counted;
  for (const PairUnit* unit : units) {
    if (unit->is_complete() || !drop_incomplete) counted.push_back(unit);
  }
  return counted;
}

void list_changed(const PairTask& task, TaskScores& scores) {
  for (const PairItem& item : task.items) {
    const Verdict& strict = item.verdict(AnswerRule::kStrict);
    const Verdict& robust = item.verdict(AnswerRule::kRobust);
    if (strict.prediction != robust.prediction || strict.is_right != robust.is_right)
      scores.changed.push_back({item.id, item.response, item.label, strict, robust});
  }
}

void list_ratings(const PairTask& task,
                  const std::vector<PairUnit>& units,
                  AnswerRule rule,
                  TaskScores& scores) {
  for (const PairUnit& unit : units) {
    if (unit.is_complete()) scores.pairs.push_back({unit.pair, unit.is_right(rule)});
  }
  scores.items.reserve(task.items.size());
  for (const PairItem& item : task.items)
    scores.items.push_back({item.id, item.verdict(rule).is_right});
  const auto by_name = [](const NamedRating& a, const NamedRating& b) { return a.name < b.name; };
  std::stable_sort(scores.items.begin(), scores.items.end(), by_name);
  const auto same_name = [](const NamedRating& a, const NamedRating& b) {
    return a.name == b.name;
  };
  scores.items.erase(std::unique(scores.items.begin(), scores.items.end(), same_name),
                     scores.items.end());
}

/// Mean of tasks (weights 1 / tasks) or of all units together (weights by size).
Accuracy group_accuracy(std::vector<TabulatedStratum> strata,
                        int64_t n,
                        bool is_weighted,
                        const PairScoreOptions& options) {
  double total = 0.0;
  const auto size_of = [](const TabulatedStratum& stratum) {
    double size = 0.0;
    for (const TabulatedCell& cell : stratum.cells)
      size += cell.denominator * static_cast<double>(cell.count);
    return size;
  };
  for (const TabulatedStratum& stratum : strata) total += is_weighted ? size_of(stratum) : 1.0;
  for (TabulatedStratum& stratum : strata)
    stratum.weight = (is_weighted ? size_of(stratum) : 1.0) / (total > 0.0 ? total : 1.0);
  Accuracy accuracy;
  accuracy.n = n;
  const double value = tabulated_statistic(strata);
  accuracy.value = value == value ? 100.0 * value : 0.0;
  BootstrapOptions bca = options.bootstrap;
  bca.method = BootstrapOptions::Method::kBca;
  accuracy.interval = in_percent(bootstrap_tabulated(strata, bca));
  return accuracy;
}

}  // namespace

RunScores score_run(const PairRun& run,
                    const std::vector<std::string>& subset_tasks,
                    const PairScoreOptions& options,
                    int threads) {
  RunScores scores;
  scores.model = run.model;
  scores.files = run.files;
  scores.problems = run.problems;
  scores.notes = run.notes;
  const std::size_t n_tasks = run.tasks.size();
  std::vector<std::vector<PairUnit>> units(n_tasks);
  std::vector<UnitList> lists(n_tasks);
  scores.tasks.resize(n_tasks);
  parallel_for(static_cast<int64_t>(n_tasks), threads, [&](int64_t index) {
    const auto t = static_cast<std::size_t>(index);
    const PairTask& task = run.tasks[t];
    TaskScores& result = scores.tasks[t];
    units[t] = pair_units(task);
    lists[t] = all_of(units[t]);
    result.subset = task.subset;
    result.all.name = task.name;
    const UnitList counted = counted_units(lists[t], options.drop_incomplete);
    const auto of = [&](AnswerRule rule) {
      return std::pair(plain_scores(lists[t], rule).first, plain_scores(counted, rule).second);
    };
    std::tie(result.strict_single, result.strict_pair) = of(AnswerRule::kStrict);
    std::tie(result.robust_single, result.robust_pair) = of(AnswerRule::kRobust);
    list_changed(task, result);
    list_ratings(task, units[t], options.rule, result);
  });

  // One slice of work a task and a source: their bootstraps take the time.
  struct Slice {
    std::size_t task;
    UnitList units;
    PairScores* target;
    std::string name;
    bool is_task;
  };
  std::vector<Slice> slices;
  for (std::size_t t = 0; t < n_tasks; ++t) {
    std::map<std::string, UnitList> by_source;
    for (const PairUnit* unit : lists[t]) {
      if (!unit->source.empty()) by_source[unit->source].push_back(unit);
    }
    scores.tasks[t].sources.resize(by_source.size());
    slices.push_back({t, lists[t], &scores.tasks[t].all, run.tasks[t].name, true});
    std::size_t place = 0;
    for (auto& [source, list] : by_source)
      slices.push_back({t, std::move(list), &scores.tasks[t].sources[place++], source, false});
  }
  parallel_for(static_cast<int64_t>(slices.size()), threads, [&](int64_t index) {
    const Slice& slice = slices[static_cast<std::size_t>(index)];
    PairScoreOptions chosen = options;
    chosen.with_all_intervals = slice.is_task && options.with_all_intervals;
    *slice.target = score_pairs(slice.name, run.tasks[slice.task], slice.units, chosen);
  });

  std::set<std::string> subsets;
  for (const TaskScores& task : scores.tasks) subsets.insert(task.subset);
  for (const std::string& subset : subsets) {
    GroupScores group;
    group.subset = subset;
    for (const std::string& name : subset_tasks) {
      const bool is_there =
          std::any_of(scores.tasks.begin(), scores.tasks.end(),
                      [&](const TaskScores& task) { return task.all.name == subset + "_" + name; });
      if (!is_there) group.missing.push_back(subset + "_" + name);
    }
    std::vector<TabulatedStratum> single, pair;
    int64_t n_items = 0;
    int64_t n_pairs = 0;
    double tasks = 0.0;
    for (std::size_t t = 0; t < n_tasks; ++t) {
      const TaskScores& task = scores.tasks[t];
      if (task.subset != subset) continue;
      single.push_back(single_stratum(lists[t], options.rule));
      pair.push_back(pair_stratum(counted_units(lists[t], options.drop_incomplete), options.rule));
      n_items += task.all.n_items;
      n_pairs += task.all.n_pairs;
      tasks += 1.0;
      group.strict_single += task.strict_single;
      group.strict_pair += task.strict_pair;
      group.robust_single += task.robust_single;
      group.robust_pair += task.robust_pair;
    }
    for (double* sum :
         {&group.strict_single, &group.strict_pair, &group.robust_single, &group.robust_pair})
      *sum /= tasks;
    group.single = group_accuracy(single, n_items, false, options);
    group.pair = group_accuracy(pair, n_pairs, false, options);
    group.weighted_single = group_accuracy(single, n_items, true, options);
    group.weighted_pair = group_accuracy(pair, n_pairs, true, options);
    scores.groups.push_back(std::move(group));
  }

  for (std::size_t t = 0; t < n_tasks; ++t) {
    for (const PairUnit& unit : units[t]) {
      if (unit.is_complete()) continue;
      const bool is_alone = unit.members.size() == 1;
      const std::string id = run.tasks[t].items[unit.members.front()].id;
      scores.problems.push_back(
          {is_alone ? "no partner" : "more than two items", run.tasks[t].name, 0,
           unit.pair.empty() ? id : unit.pair,
           fmt::format(
               "{} item{} ({}{}), expected two; {}", unit.members.size(), is_alone ? "" : "s", id,
               is_alone ? "" : ", …",
               options.drop_incomplete ? "left out of pair accuracy" : "counts as a wrong pair")});
    }
  }
  return scores;
}

}  // namespace physprobe
