#include "physprobe/eval/minimal_pairs/pair_scores.h"

#include "physprobe/core/not_a_number.h"
#include "physprobe/core/statistics/cluster_robust.h"
#include "physprobe/core/statistics/detectable_difference.h"
#include "physprobe/core/statistics/normal.h"
#include "physprobe/core/statistics/proportion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

double percent(int64_t count, int64_t of) {
  return of == 0 ? 0.0 : 100.0 * static_cast<double>(count) / static_cast<double>(of);
}

Interval bootstrap(const TabulatedStratum& stratum,
                   const PairScoreOptions& options,
                   BootstrapOptions::Method method) {
  BootstrapOptions chosen = options.bootstrap;
  chosen.method = method;
  return in_percent(bootstrap_tabulated({stratum}, chosen));
}

/// Of pair accuracy, by the clusters of the pairs; empty unless every pair has one.
std::vector<std::string> clusters_of(const UnitList& units) {
  std::vector<std::string> clusters;
  for (const PairUnit* unit : units) {
    if (unit->cluster.empty()) return {};
    clusters.push_back(unit->cluster);
  }
  return clusters;
}

class Scorer {
 public:
  Scorer(const PairTask& task, const PairScoreOptions& options) : task_(task), options_(options) {}

  PairScores score(const std::string& name, const UnitList& units) {
    scores_.name = name;
    UnitList counted;  // in the denominator of pair accuracy
    for (const PairUnit* unit : units) {
      count(*unit);
      if (unit->is_complete() || !options_.drop_incomplete) counted.push_back(unit);
    }
    scores_.n_pairs = static_cast<int64_t>(counted.size());
    score_pair_accuracy(counted);
    score_single_accuracy(units);
    relate();
    return std::move(scores_);
  }

 private:
  void count(const PairUnit& unit) {
    scores_.n_items += static_cast<int64_t>(unit.members.size());
    for (const std::size_t member : unit.members) {
      const PairItem& item = task_.items[member];
      const Verdict& verdict = item.verdict(options_.rule);
      scores_.unparsed += verdict.prediction == kUnparsed;
      scores_.answered_a += verdict.prediction == 0;
      scores_.answered_b += verdict.prediction == 1;
      scores_.label_a += item.label == 0;
      right_ += verdict.is_right;
    }
    if (!unit.is_complete()) {
      scores_.incomplete.push_back(unit.pair);
      return;
    }
    const Verdict& first = task_.items[unit.members[0]].verdict(options_.rule);
    const Verdict& second = task_.items[unit.members[1]].verdict(options_.rule);
    scores_.both += first.is_right && second.is_right;
    only_first_ += first.is_right && !second.is_right;
    only_second_ += !first.is_right && second.is_right;
    scores_.none += !first.is_right && !second.is_right;
    if (first.prediction != kUnparsed && second.prediction != kUnparsed) {
      ++scores_.pairs_both_parsed;
      scores_.pairs_same_answer += first.prediction == second.prediction;
    }
  }

  void score_pair_accuracy(const UnitList& counted) {
    const int64_t n = scores_.n_pairs;
    const double level = options_.bootstrap.level;
    Accuracy& pair = scores_.pair;
    pair.value = percent(scores_.both, n);
    pair.n = n;
    pair.interval = in_percent(wilson_interval(static_cast<double>(scores_.both), n, level));
    scores_.pair_against_chance = binomial_test(scores_.both, n, options_.chance_pair);
    scores_.detectable = 100.0 * detectable_difference_from(options_.chance_pair, n);
    scores_.cluster_se = kNaN;
    if (!options_.with_all_intervals) return;
    const TabulatedStratum stratum = pair_stratum(counted, options_.rule);
    pair.intervals = {in_percent(clopper_pearson_interval(scores_.both, n, level)),
                      bootstrap(stratum, options_, BootstrapOptions::Method::kPercentile),
                      bootstrap(stratum, options_, BootstrapOptions::Method::kBca)};
    const std::vector<std::string> clusters = clusters_of(counted);
    if (clusters.empty()) return;
    std::vector<double> values;
    for (const PairUnit* unit : counted)
      values.push_back(unit->is_right(options_.rule) ? 1.0 : 0.0);
    scores_.cluster_se = 100.0 * cluster_robust_se(values, clusters);
    Interval by_cluster =
        in_percent(bootstrap_mean_clustered(values, clusters, options_.bootstrap));
    by_cluster.method = "cluster-" + by_cluster.method;
    pair.intervals.push_back(by_cluster);
  }

  void score_single_accuracy(const UnitList& units) {
    Accuracy& single = scores_.single;
    single.value = percent(right_, scores_.n_items);
    single.n = scores_.n_items;
    const TabulatedStratum stratum = single_stratum(units, options_.rule);
    single.interval = bootstrap(stratum, options_, BootstrapOptions::Method::kBca);
    if (options_.with_all_intervals)
      single.intervals = {bootstrap(stratum, options_, BootstrapOptions::Method::kPercentile)};
    // The sandwich error of a ratio with pairs as clusters.
    double squares = 0.0;
    const double share = single.value / 100.0;
    for (const TabulatedCell& cell : stratum.cells) {
      const double residual = cell.numerator - share * cell.denominator;
      squares += static_cast<double>(cell.count) * residual * residual;
    }
    scores_.single_se =
        scores_.n_items == 0 ? kNaN : 100.0 * std::sqrt(squares) / static_cast<double>(single.n);
    scores_.single_p = scores_.single_se > 0.0
                           ? 2.0 * normal_cdf(-std::abs(single.value - 50.0) / scores_.single_se)
                           : kNaN;
  }

  void relate() {
    scores_.one = only_first_ + only_second_;
    const double single = scores_.single.value / 100.0;
    scores_.independent_pair = 100.0 * single * single;
    scores_.pair_minus_independent = scores_.pair.value - scores_.independent_pair;
    const auto [low, high] = feasible_pair_range(single);
    scores_.feasible_low = 100.0 * low;
    scores_.feasible_high = 100.0 * high;
    scores_.phi = phi_coefficient(scores_.both, only_first_, only_second_, scores_.none);
  }

  const PairTask& task_;
  const PairScoreOptions& options_;
  PairScores scores_;
  int64_t right_ = 0;
  int64_t only_first_ = 0;
  int64_t only_second_ = 0;
};

}  // namespace

Interval in_percent(Interval interval) {
  interval.low *= 100.0;
  interval.high *= 100.0;
  return interval;
}

PairScores score_pairs(const std::string& name,
                       const PairTask& task,
                       const UnitList& units,
                       const PairScoreOptions& options) {
  return Scorer(task, options).score(name, units);
}

std::string explain_pair_accuracy(const PairScores& scores, double chance_pair) {
  if (scores.n_pairs == 0) return "No pair was scored.";
  const double chance = 100.0 * chance_pair;
  const double same = percent(scores.pairs_same_answer, scores.pairs_both_parsed);
  const std::string constancy = fmt::format(
      "it gives both videos of a pair the same answer in {:.1f} % of the pairs with two answers",
      same);
  constexpr double kAlpha = 0.05;
  const BinomialTest& test = scores.pair_against_chance;
  if (test.two_sided_p < kAlpha && scores.pair.value < chance) {
    return fmt::format(
        "Pair accuracy {:.1f} % lies below the {:.4g} % of independent guesses (p = {:.2g}): that "
        "is not noise but a shortcut, an answer that depends on the text more than on the video; "
        "{}.",
        scores.pair.value, chance, test.two_sided_p, constancy);
  }
  if (test.two_sided_p >= kAlpha) {
    return fmt::format(
        "Pair accuracy {:.1f} % cannot be told from the {:.4g} % of independent "
        "guesses (two-sided p = {:.2g}); {}.",
        scores.pair.value, chance, test.two_sided_p, constancy);
  }
  if (scores.pair_minus_independent < -1.0) {
    return fmt::format(
        "Pair accuracy {:.1f} % is above chance, but {:.1f} points below the "
        "{:.1f} % that single accuracy {:.1f} % would give without a bias; {}.",
        scores.pair.value, -scores.pair_minus_independent, scores.independent_pair,
        scores.single.value, constancy);
  }
  return fmt::format("Pair accuracy {:.1f} % is above the {:.4g} % of independent guesses; {}.",
                     scores.pair.value, chance, constancy);
}

}  // namespace physprobe
