#include "physprobe/eval/voe/score_surprise.h"

#include "physprobe/core/error.h"
#include "physprobe/core/statistics/proportion.h"
#include "physprobe/eval/minimal_pairs/score_json.h"
#include "physprobe/eval/voe/context_selection.h"
#include "physprobe/eval/voe/property_groups.h"
#include "physprobe/eval/voe/surprise_breakdown.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

std::string row_name(const std::vector<int64_t>& contexts, std::size_t row) {
  return row < contexts.size() ? fmt::format("context {}", contexts[row]) : "Filtered";
}

/// Rows in the order of the kinds: the fixed context last.
std::vector<std::size_t> kind_rows(const std::vector<int64_t>& contexts, std::size_t fixed) {
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row <= contexts.size(); ++row) {
    if (row != fixed) rows.push_back(row);
  }
  rows.push_back(fixed);
  return rows;
}

std::size_t fixed_row(const std::vector<int64_t>& contexts, int64_t wanted) {
  if (wanted == 0) return (contexts.size() - 1) / 2;
  const auto found = std::find(contexts.begin(), contexts.end(), wanted);
  if (found == contexts.end()) {
    std::string known;
    for (const int64_t context : contexts) known += fmt::format(" {}", context);
    throw Error(ErrorKind::kUsage, "--fixed-context",
                fmt::format("{} is none of the contexts:{}", wanted, known));
  }
  return static_cast<std::size_t>(found - contexts.begin());
}

PooledPairs pooled(const std::vector<SurprisePair>& pairs,
                   std::size_t row,
                   SurprisePooling pooling) {
  PooledPairs result;
  for (const SurprisePair& pair : pairs) {
    result.possible.push_back(pooled_curve(curve_of(pair.possible->curves, row), pooling));
    result.impossible.push_back(pooled_curve(curve_of(pair.impossible->curves, row), pooling));
  }
  return result;
}

Json accuracy_json(const RelativeAccuracy& accuracy) {
  return Json{{"value", pair_number(accuracy.strict)},
              {"ties", accuracy.ties},
              {"half_credit", pair_number(accuracy.half_credit)}};
}

Json metrics_json(const std::string& name, const SurpriseMetrics& metrics) {
  return Json{{"row", name},
              {"relative_accuracy_mean", accuracy_json(metrics.relative_mean)},
              {"relative_accuracy_maximum", accuracy_json(metrics.relative_maximum)},
              {"absolute_accuracy", pair_number(metrics.absolute)},
              {"threshold", pair_number(metrics.threshold)},
              {"best_absolute_accuracy", pair_number(metrics.best_absolute)},
              {"best_threshold", pair_number(metrics.best_threshold)},
              {"auprc_mean", pair_number(metrics.auprc_mean)},
              {"auprc_maximum", pair_number(metrics.auprc_maximum)},
              {"auroc_mean", pair_number(metrics.auroc_mean)},
              {"auroc_maximum", pair_number(metrics.auroc_maximum)}};
}

/// One model over its properties.
class ModelScorer {
 public:
  ModelScorer(const SurpriseArrays& arrays, std::size_t fixed, const SurpriseScoreOptions& options)
      : arrays_(arrays), set_(arrays.set), fixed_(fixed), options_(options) {
    run_.model = set_.model;
    run_.files = set_.files;
    run_.problems = arrays.problems;
    std::set<std::string> properties;
    for (const SurpriseItem& item : set_.items) properties.insert(item.property);
    for (const std::string& property : properties) score(property);
  }

  const GroupedRun& run() const { return run_; }
  const Json& properties() const { return properties_; }
  /// `quadruplets`, `breakdown` and `property_groups` of a model.
  void add_breakdowns(Json& model) const {
    const BreakdownOptions options{fixed_, set_.contexts, options_.permutations,
                                   options_.bootstrap};
    const bool is_given = options_.pairing == SurprisePairing::kGiven;
    model["quadruplets"] = is_given ? quadruplets_json(judged_, options) : Json::object();
    model["breakdown"] = judged_.empty() ? Json::object() : breakdown_json(judged_, options);
    model["property_groups"] =
        property_groups_json(property_groups(options_.benchmark), judged_, options);
  }
  Json headline() const {
    const auto mean = [&](const std::function<double(const Json&)>& of) {
      double sum = 0.0;
      for (const auto& [name, property] : properties_.items()) sum += of(property);
      return properties_.empty() ? Json() : Json(sum / static_cast<double>(properties_.size()));
    };
    const auto row = [&](std::size_t index) {
      return mean([index](const Json& property) {
        return property["rows"][index]["relative_accuracy_mean"]["value"].get<double>();
      });
    };
    std::vector<const PropertyPairs*> all;
    for (const PropertyPairs& property : judged_) all.push_back(&property);
    return Json{
        {"fixed_context", row(fixed_)},
        {"fixed_context_interval",
         interval_json(in_percent(mean_accuracy_interval(all, fixed_, options_.bootstrap)))},
        {"filtered", row(set_.contexts.size())},
        {"best_of_sweep",
         mean([](const Json& property) { return property["sweep"]["best"].get<double>(); })},
        {"best_of_sweep_null",
         mean([](const Json& property) { return property["sweep"]["null_mean"].get<double>(); })}};
  }
  Json nulls() const {
    if (arrays_.zero_prediction.empty()) return Json::object();
    double sum = 0.0;
    int64_t smaller = 0;
    for (std::size_t i = 0; i < set_.items.size(); ++i) {
      const double surprise =
          pooled_curve(curve_of(set_.items[i].curves, fixed_), SurprisePooling::kMean);
      sum += arrays_.zero_prediction[i];
      smaller += surprise < arrays_.zero_prediction[i];
    }
    return Json{
        {"zero_prediction", Json{{"mean_surprise", sum / static_cast<double>(set_.items.size())},
                                 {"items_predicted_better_than_zero", smaller},
                                 {"n", set_.items.size()}}}};
  }

 private:
  void score(const std::string& property) {
    const bool is_cross = options_.pairing == SurprisePairing::kCross;
    const std::vector<SurprisePair> pairs = is_cross
                                                ? cross_pairs(set_, property, run_.problems)
                                                : surprise_pairs(set_, property, run_.problems);
    if (pairs.empty()) return;
    Json rows = Json::array();
    SweepOutcomes outcomes;
    std::vector<PooledPairs> means;
    for (std::size_t row = 0; row <= set_.contexts.size(); ++row) {
      means.push_back(pooled(pairs, row, SurprisePooling::kMean));
      const PooledPairs maxima = pooled(pairs, row, SurprisePooling::kMaximum);
      rows.push_back(
          metrics_json(row_name(set_.contexts, row), surprise_metrics(means.back(), maxima)));
      std::vector<int8_t> outcome;
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        const double difference = means.back().impossible[i] - means.back().possible[i];
        outcome.push_back(difference > 0.0 ? 1 : difference < 0.0 ? -1 : 0);
      }
      outcomes.push_back(std::move(outcome));
    }
    std::vector<std::string> scenes;
    for (const SurprisePair& pair : pairs)
      scenes.push_back(pair.possible->scene.empty() ? pair.pair : pair.possible->scene);
    const HeldOutSelection held_out = held_out_selection(outcomes, scenes);
    const AnyRowOracle oracle = any_row_oracle(outcomes);
    const std::vector<std::string> shared = is_cross ? scenes : std::vector<std::string>();
    const SweepNull sweep =
        sweep_null(outcomes, options_.permutations, options_.bootstrap.seed, shared);
    properties_[property] = Json{{"n_pairs", pairs.size()},
                                 {"rows", rows},
                                 {"sweep", Json{{"best", pair_number(sweep.best)},
                                                {"row", row_name(set_.contexts, sweep.best_row)},
                                                {"null_mean", pair_number(sweep.null_mean)},
                                                {"null_95", pair_number(sweep.null_high)},
                                                {"p", pair_number(sweep.p)},
                                                {"permutations", sweep.permutations}}},
                                 {"held_out_selection", held_out_json(held_out, shared)},
                                 {"any_row", Json{{"oracle", pair_number(oracle.share)},
                                                  {"chance", pair_number(oracle.chance)},
                                                  {"rows", outcomes.size()}}}};
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      GroupedExample example;
      example.task = property;
      example.id = pairs[i].pair;
      if (is_cross) example.cluster = pairs[i].possible->scene;
      for (const std::size_t row : kind_rows(set_.contexts, fixed_))
        example.right.push_back(outcomes[row][i] == 1);
      example.given = {
          {"possible", pairs[i].possible->id},
          {"impossible", pairs[i].impossible->id},
          {"surprise of the possible", fmt::format("{:.6g}", means[fixed_].possible[i])},
          {"of the impossible", fmt::format("{:.6g}", means[fixed_].impossible[i])}};
      run_.examples.push_back(std::move(example));
    }
    judged_.push_back({property, pairs, std::move(means), std::move(outcomes), shared});
  }

  /// `clusters` as PropertyPairs::scenes.
  Json held_out_json(const HeldOutSelection& held_out,
                     const std::vector<std::string>& clusters) const {
    if (held_out.n == 0) return nullptr;
    Json chosen = Json::object();
    for (std::size_t row = 0; row < held_out.chosen.size(); ++row) {
      if (held_out.chosen[row] > 0) chosen[row_name(set_.contexts, row)] = held_out.chosen[row];
    }
    const auto right = static_cast<double>(held_out.right);
    const Interval interval =
        clusters.empty()
            ? wilson_interval(right, held_out.n, options_.bootstrap.level)
            : bootstrap_mean_clustered(held_out.is_right, clusters, options_.bootstrap);
    return Json{{"value", 100.0 * right / static_cast<double>(held_out.n)},
                {"n", held_out.n},
                {"interval", interval_json(in_percent(interval))},
                {"scenes", held_out.scenes},
                {"chosen", chosen},
                {"chance", 50.0}};
  }

  const SurpriseArrays& arrays_;
  const SurpriseSet& set_;
  std::size_t fixed_;
  const SurpriseScoreOptions& options_;
  GroupedRun run_;
  std::vector<PropertyPairs> judged_;
  Json properties_ = Json::object();
};

/// Container time bases round: rates within a thousandth are one.
bool have_other_rates(const SurpriseItem& a, const SurpriseItem& b) {
  constexpr double kRounding = 1e-3;
  return a.fps > 0.0 && b.fps > 0.0 && std::abs(a.fps - b.fps) > kRounding * std::max(a.fps, b.fps);
}

}  // namespace

void check_surprise_scoring(const SurpriseScoreOptions& options,
                            const std::vector<int64_t>& contexts) {
  fixed_row(contexts, options.fixed_context);
  property_groups(options.benchmark);
  options.bootstrap.validate();
}

std::vector<SurprisePair> surprise_pairs(const SurpriseSet& set,
                                         const std::string& property,
                                         std::vector<PairProblem>& problems) {
  std::map<std::string, std::vector<const SurpriseItem*>> members;
  for (const SurpriseItem& item : set.items) {
    if (item.property == property) members[item.pair].push_back(&item);
  }
  std::vector<SurprisePair> pairs;
  for (const auto& entry : members) {
    const std::string& name = entry.first;
    const std::vector<const SurpriseItem*>& items = entry.second;
    const auto problem = [&](const char* kind, const std::string& text) {
      problems.push_back({kind, set.files.empty() ? "" : set.files.front(), 0, name, text});
    };
    if (items.size() != 2) {
      std::string ids;
      for (const SurpriseItem* item : items) ids += (ids.empty() ? "" : ", ") + item->id;
      problem(items.size() == 1 ? "no partner" : "more than two members",
              fmt::format("has {} ({}); expected one possible and one impossible video",
                          items.size(), ids));
      continue;
    }
    if (items[0]->is_possible == items[1]->is_possible) {
      problem("label contradiction",
              fmt::format("{} and {} are both {}", items[0]->id, items[1]->id,
                          items[0]->is_possible ? "possible" : "impossible"));
      continue;
    }
    const SurprisePair pair{name, items[items[0]->is_possible ? 0 : 1],
                            items[items[0]->is_possible ? 1 : 0]};
    if (have_other_rates(*pair.possible, *pair.impossible)) {
      problem("mixed frame rates",
              fmt::format("{} has {:.6g} frames a second, {} has {:.6g}; their windows span "
                          "different times",
                          pair.possible->id, pair.possible->fps, pair.impossible->id,
                          pair.impossible->fps));
      continue;
    }
    const std::size_t windows = pair.possible->curves.front().size();
    if (windows != pair.impossible->curves.front().size()) {
      problem("different lengths",
              fmt::format("{} has {} windows, {} has {}; is their frame rate the same?",
                          pair.possible->id, windows, pair.impossible->id,
                          pair.impossible->curves.front().size()));
      continue;
    }
    pairs.push_back(pair);
  }
  return pairs;
}

nlohmann::ordered_json score_surprise(
    const std::vector<SurpriseArrays>& arrays,
    const SurpriseScoreOptions& options,
    const std::function<void(const GroupedProtocol&, const GroupedRun&)>& each_run,
    ModelProblems& problems) {
  const std::vector<int64_t>& contexts = arrays.front().set.contexts;
  for (const SurpriseArrays& other : arrays) {
    if (other.set.contexts != contexts) {
      throw Error(ErrorKind::kIncompatible, other.set.model,
                  "has other contexts than " + arrays.front().set.model +
                      "; scores of different contexts are never set side by side");
    }
  }
  check_surprise_scoring(options, contexts);
  const std::size_t fixed = fixed_row(contexts, options.fixed_context);
  GroupedProtocol protocol;
  const bool is_cross = options.pairing == SurprisePairing::kCross;
  protocol.id = is_cross ? kCrossSurpriseProtocol : kSurpriseProtocol;
  for (const std::size_t row : kind_rows(contexts, fixed))
    protocol.kinds.push_back({row_name(contexts, row), 1, 50.0});
  std::vector<ModelScorer> scorers;
  std::vector<GroupedRun> runs;
  for (const SurpriseArrays& model : arrays) {
    scorers.emplace_back(model, fixed, options);
    runs.push_back(scorers.back().run());
    if (each_run) each_run(protocol, runs.back());
  }
  Json results = grouped_document(protocol, runs, options.bootstrap, problems);
  // A model without a pair has no score; 0 % of 0 is none.
  Json of_pairs = Json::array();
  for (const Json& score : results["scores"]) {
    if (score.at("n") != 0) of_pairs.push_back(score);
  }
  results["scores"] = of_pairs;
  for (std::size_t m = 0; m < arrays.size(); ++m) {
    Json& model = results["models"][m];
    model["role"] = arrays[m].is_null ? "null" : "model";
    model["properties"] = scorers[m].properties();
    model["headline"] = scorers[m].headline();
    model["nulls"] = scorers[m].nulls();
    scorers[m].add_breakdowns(model);
    std::string finding;
    for (const auto& [property, scored] : scorers[m].properties().items()) {
      const Json& sweep = scored["sweep"];
      const Json& at_fixed = scored["rows"][fixed]["relative_accuracy_mean"];
      finding += fmt::format(
          "{}{}: {:.1f} % at {} ({} ties); the best of {} rows is {:.1f} % ({}), where exchanged "
          "labels reach {:.1f} % on average (p = {:.2g}).",
          finding.empty() ? "" : " ", property, at_fixed["value"].get<double>(),
          row_name(contexts, fixed), at_fixed["ties"].get<int64_t>(), contexts.size() + 1,
          sweep["best"].get<double>(), sweep["row"].get<std::string>(),
          sweep["null_mean"].get<double>(), sweep["p"].get<double>());
    }
    model["finding"] = finding;
    if (arrays[m].padded_windows > 0)
      results["notes"].push_back(fmt::format("{}: {} windows at the ends of curves are padding",
                                             model["name"].get<std::string>(),
                                             arrays[m].padded_windows));
  }
  if (is_cross)
    results["notes"].push_back(
        "cross pairs: every possible video of a scene against every impossible one (chance 50 %); "
        "intervals resample scenes. Not comparable with matched pairs");
  results["contexts"] = contexts;
  results["benchmark"] = options.benchmark;
  results["provenance"]["fixed_context"] = contexts[fixed];
  results["provenance"]["permutations"] = options.permutations;
  return results;
}

std::string surprise_metrics_csv(const nlohmann::ordered_json& results) {
  std::string text =
      "Model;Property;Context length(s);Relative Accuracy (avg);Relative Accuracy (max);Absolute "
      "Accuracy (max);Classifier threhshold;Best Absolute Accuracy (max);Best Classifier "
      "threhshold;AUPRC (avg);AUPRC (max);AUROC (avg);AUROC (max)\n";
  const auto number = [](const Json& value) {
    return value.is_number() ? fmt::format("{:.5f}", value.get<double>()) : std::string();
  };
  for (const Json& model : results.at("models")) {
    for (const auto& [property, scored] : model.at("properties").items()) {
      for (const Json& row : scored.at("rows")) {
        const auto name = row.at("row").get<std::string>();
        text += fmt::format(
            "{};{};{};{};{};{};{};{};{};{};{};{};{}\n", model.at("name").get<std::string>(),
            property, name.rfind("context ", 0) == 0 ? name.substr(8) : name,
            number(row.at("relative_accuracy_mean").at("value")),
            number(row.at("relative_accuracy_maximum").at("value")),
            number(row.at("absolute_accuracy")), number(row.at("threshold")),
            number(row.at("best_absolute_accuracy")), number(row.at("best_threshold")),
            number(row.at("auprc_mean")), number(row.at("auprc_maximum")),
            number(row.at("auroc_mean")), number(row.at("auroc_maximum")));
      }
    }
  }
  return text;
}

nlohmann::ordered_json surprise_curves_json(const SurpriseArrays& arrays) {
  Json items = Json::array();
  for (const SurpriseItem& item : arrays.set.items) {
    Json mean = Json::array();
    Json maximum = Json::array();
    for (std::size_t row = 0; row <= item.curves.size(); ++row) {
      const std::vector<double> curve = curve_of(item.curves, row);
      mean.push_back(pooled_curve(curve, SurprisePooling::kMean));
      maximum.push_back(pooled_curve(curve, SurprisePooling::kMaximum));
    }
    items.push_back(
        Json{{"id", item.id}, {"mean", mean}, {"maximum", maximum}, {"surprise", item.curves}});
  }
  std::vector<PairProblem> problems = arrays.problems;
  return Json{{"schema", 1},
              {"name", arrays.set.model},
              {"protocol", kSurpriseProtocol},
              {"contexts", arrays.set.contexts},
              {"rows", "contexts in order, then Filtered (smallest over contexts per window)"},
              {"items", items},
              {"problems", problems_json(problems)}};
}

}  // namespace physprobe
