#include "physprobe/eval/minimal_pairs/model_comparison.h"

#include "physprobe/core/parallel.h"
#include "physprobe/core/statistics/detectable_difference.h"
#include "physprobe/core/statistics/holm.h"

#include <limits>
#include <utility>

namespace physprobe {
namespace {

TabulatedStratum difference_stratum(const AgreementCounts& counts) {
  TabulatedStratum stratum;
  stratum.cells = {{1.0, 1.0, counts.only_first},
                   {-1.0, 1.0, counts.only_second},
                   {0.0, 1.0, counts.both + counts.neither}};
  return stratum;
}

void add(AgreementCounts& sum, const AgreementCounts& counts) {
  sum.both += counts.both;
  sum.only_first += counts.only_first;
  sum.only_second += counts.only_second;
  sum.neither += counts.neither;
}

/// In comparisons of many models: 1,225 of them between 50, for which p-values to 0.0005 do.
constexpr int64_t kSimulationsPerComparison = 2000;

Consistency consistency(const AgreementCounts& counts,
                        const BootstrapOptions& options,
                        int64_t simulations) {
  Consistency result;
  if (counts.n() == 0) return result;
  result.measured = error_consistency(counts);
  result.kappa = kappa_interval(counts, options);
  result.independence_p = independence_p_value(counts, simulations, options.seed);
  result.simulations = simulations;
  return result;
}

const TaskScores* task_of(const RunScores& run, const std::string& name) {
  for (const TaskScores& task : run.tasks) {
    if (task.all.name == name) return &task;
  }
  return nullptr;
}

ModelComparison compare(const RunScores& first,
                        const RunScores& second,
                        const BootstrapOptions& options) {
  ModelComparison comparison;
  comparison.first = first.model;
  comparison.second = second.model;
  AgreementCounts all_pairs, all_items;
  int64_t all_unshared = 0;
  std::vector<TabulatedStratum> strata;
  for (const TaskScores& task : first.tasks) {
    const TaskScores* other = task_of(second, task.all.name);
    if (other == nullptr) continue;
    int64_t unshared = 0;
    const AgreementCounts counts = shared_agreement(task.pairs, other->pairs, &unshared);
    add(all_pairs, counts);
    add(all_items, shared_agreement(task.items, other->items));
    all_unshared += unshared;
    strata.push_back(difference_stratum(counts));
    comparison.differences.push_back(paired_difference(task.all.name, counts, unshared, options));
  }
  comparison.differences.insert(comparison.differences.begin(),
                                paired_difference("all", all_pairs, all_unshared, options));
  for (TabulatedStratum& stratum : strata)
    stratum.weight = 1.0 / static_cast<double>(strata.size());
  comparison.group.scope = "group";
  comparison.group.n = all_pairs.n();
  comparison.group.difference = 100.0 * tabulated_statistic(strata);
  comparison.group.interval = in_percent(bootstrap_tabulated(strata, options));
  comparison.group.detectable = std::numeric_limits<double>::quiet_NaN();
  comparison.pairs = consistency(all_pairs, options, kSimulationsPerComparison);
  comparison.items = consistency(all_items, options, kSimulationsPerComparison);
  return comparison;
}

}  // namespace

AgreementCounts shared_agreement(const std::vector<NamedRating>& first,
                                 const std::vector<NamedRating>& second,
                                 int64_t* unshared) {
  AgreementCounts counts;
  int64_t alone = 0;
  std::size_t a = 0;
  std::size_t b = 0;
  while (a < first.size() && b < second.size()) {
    const int order = first[a].name.compare(second[b].name);
    if (order != 0) {
      ++alone;
      ++(order < 0 ? a : b);
      continue;
    }
    if (first[a].is_right) {
      ++(second[b].is_right ? counts.both : counts.only_first);
    } else {
      ++(second[b].is_right ? counts.only_second : counts.neither);
    }
    ++a;
    ++b;
  }
  alone += static_cast<int64_t>(first.size() - a + second.size() - b);
  if (unshared != nullptr) *unshared = alone;
  return counts;
}

PairedDifference paired_difference(const std::string& scope,
                                   const AgreementCounts& counts,
                                   int64_t unshared,
                                   const BootstrapOptions& options) {
  PairedDifference result;
  result.scope = scope;
  result.n = counts.n();
  result.unshared = unshared;
  result.mcnemar = mcnemar_test(counts.only_first, counts.only_second);
  const TabulatedStratum stratum = difference_stratum(counts);
  result.difference = 100.0 * tabulated_statistic({stratum});
  result.interval = in_percent(bootstrap_tabulated({stratum}, options));
  const double discordant =
      static_cast<double>(counts.only_first + counts.only_second) / static_cast<double>(counts.n());
  result.detectable = 100.0 * detectable_paired_difference(counts.n(), discordant);
  return result;
}

Consistency consistency_of(const std::vector<NamedRating>& first,
                           const std::vector<NamedRating>& second,
                           const BootstrapOptions& options) {
  return consistency(shared_agreement(first, second), options, options.resamples);
}

std::vector<ModelComparison> compare_models(const std::vector<RunScores>& runs,
                                            const BootstrapOptions& options,
                                            int threads) {
  std::vector<std::pair<std::size_t, std::size_t>> who;
  for (std::size_t a = 0; a < runs.size(); ++a) {
    for (std::size_t b = a + 1; b < runs.size(); ++b) who.emplace_back(a, b);
  }
  std::vector<ModelComparison> comparisons(who.size());
  parallel_for(static_cast<int64_t>(who.size()), threads, [&](int64_t i) {
    const auto& [a, b] = who[static_cast<std::size_t>(i)];
    comparisons[static_cast<std::size_t>(i)] = compare(runs[a], runs[b], options);
  });
  std::vector<double> p_values;
  for (const ModelComparison& comparison : comparisons)
    p_values.push_back(comparison.differences.front().mcnemar.mid_p);
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t i = 0; i < comparisons.size(); ++i) comparisons[i].holm_p = adjusted[i];
  return comparisons;
}

}  // namespace physprobe
