#include "physprobe/eval/voe/surprise_breakdown.h"

#include "physprobe/core/statistics/proportion.h"
#include "physprobe/core/statistics/tabulated_bootstrap.h"
#include "physprobe/eval/minimal_pairs/pair_scores.h"
#include "physprobe/eval/minimal_pairs/score_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

Json accuracy_json(const RelativeAccuracy& accuracy, const Interval& interval) {
  return Json{{"value", pair_number(accuracy.strict)},
              {"ties", accuracy.ties},
              {"half_credit", pair_number(accuracy.half_credit)},
              {"interval", interval_json(in_percent(interval))}};
}

/// `of_scene`: what each scene contributes, 0 to 1; whole scenes only but for `is_mean`.
Json share_json(const std::vector<double>& of_scene,
                double chance,
                bool is_mean,
                const BootstrapOptions& options) {
  double sum = 0.0;
  for (const double value : of_scene) sum += value;
  const auto n = static_cast<int64_t>(of_scene.size());
  const Interval interval =
      is_mean ? bootstrap_mean(of_scene, options) : wilson_interval(sum, n, options.level);
  return Json{{"value", 100.0 * sum / static_cast<double>(n)},
              {"chance", chance},
              {"interval", interval_json(in_percent(interval))}};
}

Json scenes_json(const std::vector<SurpriseQuadruplet>& scenes, const BootstrapOptions& options) {
  std::array<std::vector<double>, 4> values;
  for (const SurpriseQuadruplet& scene : scenes) {
    const QuadrupletScores one = quadruplet_scores({scene});
    const std::array<double, 4> scores = {one.both_pairs, one.all_cross, one.mean_cross, one.sum};
    for (std::size_t k = 0; k < 4; ++k) values.at(k).push_back(scores.at(k) / 100.0);
  }
  return Json{{"n", scenes.size()},
              {"both_pairs", share_json(values[0], 25.0, false, options)},
              {"all_cross", share_json(values[1], 100.0 / 6.0, false, options)},
              {"mean_cross", share_json(values[2], 50.0, true, options)},
              {"sum", share_json(values[3], 50.0, false, options)}};
}

/// Pairs of several properties as one list.
struct PooledOutcomes {
  PooledPairs fixed;
  SweepOutcomes outcomes;
  std::vector<std::string> scenes;  ///< Of dependent pairs.

  void add(const PropertyPairs& property, std::size_t pair, std::size_t fixed_row) {
    fixed.possible.push_back(property.means[fixed_row].possible[pair]);
    fixed.impossible.push_back(property.means[fixed_row].impossible[pair]);
    if (!property.scenes.empty()) scenes.push_back(property.scenes[pair]);
    outcomes.resize(property.outcomes.size());
    for (std::size_t row = 0; row < outcomes.size(); ++row)
      outcomes[row].push_back(property.outcomes[row][pair]);
  }

  Interval interval(const RelativeAccuracy& accuracy, const BootstrapOptions& options) const {
    if (scenes.empty())
      return wilson_interval(static_cast<double>(accuracy.right), accuracy.n, options.level);
    std::vector<double> right;
    for (std::size_t i = 0; i < fixed.possible.size(); ++i)
      right.push_back(fixed.possible[i] < fixed.impossible[i] ? 1.0 : 0.0);
    return bootstrap_mean_clustered(right, scenes, options);
  }

  Json json(const BreakdownOptions& options) const {
    const RelativeAccuracy accuracy = relative_accuracy(fixed.possible, fixed.impossible);
    SweepOutcomes contexts = outcomes;
    contexts.resize(options.contexts.size());  // Filtered is the last row
    const SweepNull best =
        sweep_null(contexts, options.permutations, options.bootstrap.seed, scenes);
    return Json{{"n_pairs", fixed.possible.size()},
                {"fixed_context", accuracy_json(accuracy, interval(accuracy, options.bootstrap))},
                {"best_context", Json{{"context", options.contexts[best.best_row]},
                                      {"value", pair_number(best.best)},
                                      {"null_mean", pair_number(best.null_mean)},
                                      {"null_95", pair_number(best.null_high)},
                                      {"p", pair_number(best.p)}}}};
  }
};

/// The right pairs of a property as units that can be resampled.
TabulatedStratum accuracy_stratum(const PropertyPairs& property, std::size_t row, double weight) {
  const std::vector<int8_t>& outcome = property.outcomes[row];
  TabulatedStratum stratum{{}, weight};
  if (property.scenes.empty()) {
    const auto n = static_cast<int64_t>(outcome.size());
    const auto right = static_cast<int64_t>(std::count(outcome.begin(), outcome.end(), int8_t{1}));
    stratum.cells = {{1.0, 1.0, right}, {0.0, 1.0, n - right}};
    return stratum;
  }
  std::map<std::string, TabulatedCell> scenes;
  for (std::size_t i = 0; i < outcome.size(); ++i) {
    TabulatedCell& scene =
        scenes.try_emplace(property.scenes[i], TabulatedCell{0.0, 0.0, 1}).first->second;
    scene.numerator += outcome[i] == 1 ? 1.0 : 0.0;
    scene.denominator += 1.0;
  }
  for (const auto& [name, cell] : scenes) stratum.cells.push_back(cell);
  return stratum;
}

}  // namespace

Interval mean_accuracy_interval(const std::vector<const PropertyPairs*>& properties,
                                std::size_t row,
                                const BootstrapOptions& options) {
  std::vector<TabulatedStratum> strata;
  for (const PropertyPairs* property : properties)
    strata.push_back(
        accuracy_stratum(*property, row, 1.0 / static_cast<double>(properties.size())));
  return bootstrap_tabulated(strata, options);
}

nlohmann::ordered_json quadruplets_json(const std::vector<PropertyPairs>& properties,
                                        const BreakdownOptions& options) {
  Json result = Json::object();
  std::vector<SurpriseQuadruplet> all;
  for (const PropertyPairs& property : properties) {
    std::map<std::string, std::vector<std::size_t>> scenes;
    for (std::size_t i = 0; i < property.pairs.size(); ++i) {
      const SurprisePair& pair = property.pairs[i];
      if (!pair.possible->scene.empty() && pair.possible->scene == pair.impossible->scene)
        scenes[pair.possible->scene].push_back(i);
    }
    std::vector<SurpriseQuadruplet> quadruplets;
    const PooledPairs& means = property.means[options.fixed_row];
    for (const auto& entry : scenes) {
      const std::vector<std::size_t>& pairs = entry.second;
      if (pairs.size() != 2) continue;
      quadruplets.push_back({{means.possible[pairs[0]], means.possible[pairs[1]]},
                             {means.impossible[pairs[0]], means.impossible[pairs[1]]}});
    }
    if (quadruplets.empty()) continue;
    result[property.property] = scenes_json(quadruplets, options.bootstrap);
    all.insert(all.end(), quadruplets.begin(), quadruplets.end());
  }
  if (result.size() > 1) result["all"] = scenes_json(all, options.bootstrap);
  return result;
}

nlohmann::ordered_json breakdown_json(const std::vector<PropertyPairs>& properties,
                                      const BreakdownOptions& options) {
  std::map<std::string, std::map<std::string, PooledOutcomes>> groups;
  for (const PropertyPairs& property : properties) {
    for (std::size_t i = 0; i < property.pairs.size(); ++i) {
      const SurprisePair& pair = property.pairs[i];
      groups["all"][""].add(property, i, options.fixed_row);
      for (const auto& [attribute, value] : pair.possible->attributes) {
        const auto other = pair.impossible->attributes.find(attribute);
        if (other != pair.impossible->attributes.end() && other->second == value)
          groups[attribute][value].add(property, i, options.fixed_row);
      }
    }
  }
  Json result = Json::object();
  for (const auto& [attribute, values] : groups) {
    for (const auto& [value, pairs] : values) {
      Json& entry = attribute == "all" ? result["all"] : result[attribute][value];
      entry = pairs.json(options);
    }
  }
  return result;
}

nlohmann::ordered_json property_groups_json(const std::vector<PropertyGroup>& groups,
                                            const std::vector<PropertyPairs>& properties,
                                            const BreakdownOptions& options) {
  Json result = Json::object();
  for (const PropertyGroup& group : groups) {
    std::vector<const PropertyPairs*> present;
    Json members = Json::array();
    Json missing = Json::array();
    double at_fixed = 0.0;
    double best = 0.0;
    int64_t n_pairs = 0;
    for (const std::string& member : group.members) {
      const auto found =
          std::find_if(properties.begin(), properties.end(),
                       [&](const PropertyPairs& property) { return property.property == member; });
      if (found == properties.end()) {
        missing.push_back(member);
        continue;
      }
      members.push_back(member);
      present.push_back(&*found);
      n_pairs += static_cast<int64_t>(found->pairs.size());
      const auto accuracy = [&](const std::vector<int8_t>& row) {
        return 100.0 * static_cast<double>(std::count(row.begin(), row.end(), int8_t{1})) /
               static_cast<double>(row.size());
      };
      at_fixed += accuracy(found->outcomes[options.fixed_row]);
      double row_best = 0.0;
      for (const std::vector<int8_t>& row : found->outcomes)
        row_best = std::max(row_best, accuracy(row));
      best += row_best;
    }
    if (members.empty()) continue;
    const auto n_members = static_cast<double>(members.size());
    const Interval interval = mean_accuracy_interval(present, options.fixed_row, options.bootstrap);
    result[group.name] = Json{
        {"members", members},
        {"missing", missing},
        {"n_pairs", n_pairs},
        {"fixed_context",
         Json{{"value", at_fixed / n_members}, {"interval", interval_json(in_percent(interval))}}},
        {"best_of_sweep", best / n_members}};
  }
  return result;
}

namespace {

std::string range_text(const Json& interval) {
  if (!interval.at("low").is_number()) return "";
  return fmt::format(" [{:.2f}, {:.2f}]", interval["low"].get<double>(),
                     interval["high"].get<double>());
}

std::string breakdown_line(const std::string& model,
                           const std::string& name,
                           const Json& group,
                           bool with_best_context) {
  const Json& fixed = group.at("fixed_context");
  std::string text =
      fmt::format("{:<20} {:<32} {:.2f} %{}  n {}  ties {}", model, name,
                  fixed.at("value").get<double>(), range_text(fixed.at("interval")),
                  group.at("n_pairs").get<int64_t>(), fixed.at("ties").get<int64_t>());
  if (with_best_context) {
    const Json& best = group.at("best_context");
    text += fmt::format("  best context {}: {:.2f} % (exchanged labels reach {:.2f} %)",
                        best.at("context").get<int64_t>(), best.at("value").get<double>(),
                        best.at("null_mean").get<double>());
  }
  return text + "\n";
}

}  // namespace

std::string format_breakdowns(const nlohmann::ordered_json& results, bool with_best_context) {
  std::string text;
  for (const Json& model : results.at("models")) {
    const auto name = model.at("name").get<std::string>();
    if (!model.contains("breakdown")) continue;
    for (const auto& [attribute, values] : model["breakdown"].items()) {
      if (attribute == "all") {
        if (with_best_context) text += breakdown_line(name, "all pairs", values, true);
        continue;
      }
      for (const auto& [value, group] : values.items())
        text += breakdown_line(name, attribute + " " + value, group, with_best_context);
    }
    for (const auto& [group, score] : model["property_groups"].items()) {
      const Json& fixed = score.at("fixed_context");
      text += fmt::format(
          "{:<20} {:<32} {:.2f} %{}  mean of {}{}\n", name, group, fixed.at("value").get<double>(),
          range_text(fixed.at("interval")), score.at("members").size(),
          score.at("missing").empty() ? ""
                                      : fmt::format(" ({} missing)", score.at("missing").size()));
    }
    for (const auto& [property, scenes] : model["quadruplets"].items()) {
      text += fmt::format("{:<20} {:<32}", name, property + " quadruplets");
      for (const char* kind : {"both_pairs", "all_cross", "mean_cross", "sum"}) {
        const Json& score = scenes.at(kind);
        text += fmt::format(" {} {:.2f} %{} (chance {:.4g})", kind, score.at("value").get<double>(),
                            range_text(score.at("interval")), score.at("chance").get<double>());
      }
      text += fmt::format("  n {}\n", scenes.at("n").get<int64_t>());
    }
  }
  return text;
}

}  // namespace physprobe
