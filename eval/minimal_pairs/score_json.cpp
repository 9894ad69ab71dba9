#include "physprobe/eval/minimal_pairs/score_json.h"

#include "physprobe/core/csv.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

Json letter(int answer) {
  return answer == 0 ? Json("A") : answer == 1 ? Json("B") : Json();
}

Json share(int64_t count, int64_t of) {
  return of == 0 ? Json() : Json(static_cast<double>(count) / static_cast<double>(of));
}

Json mcnemar_json(const McNemarTest& test) {
  return Json{{"only_first", test.only_first},
              {"only_second", test.only_second},
              {"exact_p", test.exact_p},
              {"mid_p", test.mid_p},
              {"chi_squared_corrected", test.chi_squared},
              {"chi_squared_p", test.chi_squared_p}};
}

Json difference_json(const PairedDifference& difference, bool with_test) {
  Json json{{"scope", difference.scope},
            {"n_pairs", difference.n},
            {"unshared_pairs", difference.unshared},
            {"difference", pair_number(difference.difference)},
            {"unit", "points"},
            {"interval", interval_json(difference.interval)}};
  if (with_test) {
    json["mcnemar"] = mcnemar_json(difference.mcnemar);
    json["minimum_detectable_difference"] = pair_number(difference.detectable);
  }
  return json;
}

/// What the two rules make of the same responses.
Json parsers_json(const RunScores& scores) {
  Json effects = Json::object();
  Json changed = Json::array();
  for (const TaskScores& task : scores.tasks) {
    effects[task.all.name] = Json{
        {"n_changed", task.changed.size()},
        {"single_accuracy", Json{{"strict", task.strict_single}, {"robust", task.robust_single}}},
        {"pair_accuracy", Json{{"strict", task.strict_pair}, {"robust", task.robust_pair}}}};
    for (const ChangedAnswer& answer : task.changed) {
      changed.push_back(Json{{"task", task.all.name},
                             {"id", answer.id},
                             {"response", answer.response},
                             {"right_answer", letter(answer.label)},
                             {"strict", letter(answer.strict.prediction)},
                             {"robust", letter(answer.robust.prediction)},
                             {"strict_is_right", answer.strict.is_right},
                             {"robust_is_right", answer.robust.is_right}});
    }
  }
  Json groups = Json::object();
  for (const GroupScores& group : scores.groups) {
    groups[group.subset] = Json{
        {"single_accuracy", Json{{"strict", group.strict_single}, {"robust", group.robust_single}}},
        {"pair_accuracy", Json{{"strict", group.strict_pair}, {"robust", group.robust_pair}}}};
  }
  return Json{
      {"n_changed", changed.size()}, {"tasks", effects}, {"groups", groups}, {"changed", changed}};
}

Json group_json(const GroupScores& group, double chance_pair) {
  return Json{{"subset", group.subset},
              {"missing_tasks", group.missing},
              {"single_accuracy", accuracy_json(group.single, 50.0)},
              {"pair_accuracy", accuracy_json(group.pair, 100.0 * chance_pair)},
              {"weighted_single_accuracy", accuracy_json(group.weighted_single, 50.0)},
              {"weighted_pair_accuracy", accuracy_json(group.weighted_pair, 100.0 * chance_pair)}};
}

}  // namespace

nlohmann::ordered_json pair_number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

nlohmann::ordered_json accuracy_json(const Accuracy& accuracy, double chance) {
  Json json{{"value", accuracy.value}, {"unit", "%"},
            {"n", accuracy.n},         {"interval", interval_json(accuracy.interval)},
            {"higher_is", "better"},   {"chance", chance}};
  for (const Interval& interval : accuracy.intervals)
    json["intervals"].push_back(interval_json(interval));
  return json;
}

nlohmann::ordered_json pair_scores_json(const PairScores& scores, double chance_pair) {
  Json pair = accuracy_json(scores.pair, 100.0 * chance_pair);
  pair["against_chance"] = Json{{"two_sided_p", scores.pair_against_chance.two_sided_p},
                                {"greater_p", scores.pair_against_chance.greater_p},
                                {"less_p", scores.pair_against_chance.less_p},
                                {"minimum_detectable_difference", pair_number(scores.detectable)}};
  pair["cluster_robust_se"] = pair_number(scores.cluster_se);
  Json single = accuracy_json(scores.single, 50.0);
  single["cluster_robust_se"] = pair_number(scores.single_se);
  single["against_chance_p"] = pair_number(scores.single_p);
  return Json{{"n_items", scores.n_items},
              {"n_pairs", scores.n_pairs},
              {"incomplete_pairs", scores.incomplete},
              {"single_accuracy", single},
              {"pair_accuracy", pair},
              {"outcomes", Json{{"both", scores.both}, {"one", scores.one}, {"none", scores.none}}},
              {"answers", Json{{"unparsed", scores.unparsed},
                               {"a", scores.answered_a},
                               {"b", scores.answered_b},
                               {"share_a", share(scores.answered_a, scores.n_items)},
                               {"right_answer_share_a", share(scores.label_a, scores.n_items)}}},
              {"shortcut",
               Json{{"pairs_both_parsed", scores.pairs_both_parsed},
                    {"pairs_same_answer", scores.pairs_same_answer},
                    {"answer_constancy", share(scores.pairs_same_answer, scores.pairs_both_parsed)},
                    {"independent_pair_accuracy", scores.independent_pair},
                    {"pair_minus_single_squared", scores.pair_minus_independent},
                    {"feasible_pair_accuracy", Json{scores.feasible_low, scores.feasible_high}},
                    {"within_pair_phi", pair_number(scores.phi)},
                    {"finding", explain_pair_accuracy(scores, chance_pair)}}}};
}

nlohmann::ordered_json consistency_json(const Consistency& consistency) {
  const ErrorConsistency& m = consistency.measured;
  return Json{{"n", m.n},
              {"kappa", pair_number(m.kappa)},
              {"interval", interval_json(consistency.kappa.interval)},
              {"undefined_resamples", consistency.kappa.undefined_resamples},
              {"is_degenerate", m.is_degenerate},
              {"kappa_corrected", pair_number(m.kappa_corrected)},
              {"kappa_possible",
               Json{pair_number(m.kappa_possible.low), pair_number(m.kappa_possible.high)}},
              {"observed", pair_number(m.observed)},
              {"expected", pair_number(m.expected)},
              {"accuracies", Json{pair_number(m.first_accuracy), pair_number(m.second_accuracy)}},
              {"copy_probability", pair_number(m.copy_probability)},
              {"independence_p", pair_number(consistency.independence_p)},
              {"independence_simulations", consistency.simulations}};
}

nlohmann::ordered_json comparison_json(const ModelComparison& comparison) {
  Json differences = Json::array();
  for (const PairedDifference& difference : comparison.differences)
    differences.push_back(difference_json(difference, true));
  return Json{{"first", comparison.first},
              {"second", comparison.second},
              {"group", difference_json(comparison.group, false)},
              {"differences", differences},
              {"holm_p", comparison.holm_p},
              {"error_consistency", Json{{"items", consistency_json(comparison.items)},
                                         {"pairs", consistency_json(comparison.pairs)}}}};
}

nlohmann::ordered_json control_json(const ControlResult& result) {
  Json json{{"control", control_name(result.kind)},
            {"n_pairs", result.n},
            {"pair_accuracy", pair_number(result.control_pair)},
            {"interval", interval_json(result.control_interval)},
            {"full_minus_control", difference_json(result.full_minus_control, true)},
            {"share_of_full_solved_by_control", pair_number(result.solved_by_control)},
            {"finding", result.finding}};
  if (result.kind == ControlKind::kSwappedOptions) {
    json["same_candidate"] = pair_number(result.same_candidate);
    json["pairs_right_in_both_orders"] = pair_number(result.pairs_right_in_both);
  }
  return json;
}

nlohmann::ordered_json problems_json(const std::vector<PairProblem>& problems) {
  Json list = Json::array();
  for (const PairProblem& problem : problems) {
    Json* entry = nullptr;
    for (Json& known : list) {
      if (known["kind"] == problem.kind) entry = &known;
    }
    if (entry == nullptr) {
      list.push_back(Json{{"kind", problem.kind}, {"n", 0}, {"items", Json::array()}});
      entry = &list.back();
    }
    (*entry)["n"] = (*entry)["n"].get<int64_t>() + 1;
    (*entry)["items"].push_back(Json{{"file", problem.file},
                                     {"line", problem.line > 0 ? Json(problem.line) : Json()},
                                     {"id", problem.id},
                                     {"text", problem.text}});
  }
  return list;
}

nlohmann::ordered_json run_scores_json(const RunScores& scores, double chance_pair) {
  Json json{{"name", scores.model}, {"files", scores.files}};
  json["tasks"] = Json::object();
  for (const TaskScores& task : scores.tasks) {
    Json entry = pair_scores_json(task.all, chance_pair);
    Json sources = Json::object();
    for (const PairScores& source : task.sources)
      sources[source.name] = pair_scores_json(source, chance_pair);
    entry["sources"] = sources;
    json["tasks"][task.all.name] = entry;
  }
  // Results of two subsets are two groups, never one mean.
  if (scores.groups.size() == 1) {
    json["group"] = group_json(scores.groups.front(), chance_pair);
  } else {
    json["groups"] = Json::object();
    for (const GroupScores& group : scores.groups)
      json["groups"][group.subset] = group_json(group, chance_pair);
  }
  json["parsers"] = parsers_json(scores);
  json["problems"] = problems_json(scores.problems);
  json["notes"] = scores.notes;
  return json;
}

nlohmann::ordered_json flat_scores(const RunScores& scores,
                                   const std::string& protocol,
                                   double chance_pair) {
  Json list = Json::array();
  const auto add = [&](const char* name, const std::string& task, const std::string& source,
                       const Accuracy& accuracy, double chance) {
    list.push_back(Json{{"name", name},
                        {"protocol", protocol},
                        {"model", scores.model},
                        {"task", task},
                        {"source", source},
                        {"value", accuracy.value},
                        {"unit", "%"},
                        {"n", accuracy.n},
                        {"interval", interval_json(accuracy.interval)},
                        {"higher_is", "better"},
                        {"chance", chance}});
  };
  const double chance = 100.0 * chance_pair;
  for (const GroupScores& group : scores.groups) {
    add("pair_accuracy", group.subset, "", group.pair, chance);
    add("single_accuracy", group.subset, "", group.single, 50.0);
    add("weighted_pair_accuracy", group.subset, "", group.weighted_pair, chance);
    add("weighted_single_accuracy", group.subset, "", group.weighted_single, 50.0);
  }
  for (const TaskScores& task : scores.tasks) {
    add("pair_accuracy", task.all.name, "", task.all.pair, chance);
    add("single_accuracy", task.all.name, "", task.all.single, 50.0);
    for (const PairScores& source : task.sources) {
      add("pair_accuracy", task.all.name, source.name, source.pair, chance);
      add("single_accuracy", task.all.name, source.name, source.single, 50.0);
    }
  }
  return list;
}

std::string pair_scores_csv(const nlohmann::ordered_json& flat) {
  CsvWriter csv({"name", "protocol", "model", "task", "source", "value", "unit", "n", "low", "high",
                 "level", "method", "chance", "higher_is"});
  const auto number = [&](const Json& value) {
    if (value.is_number()) {
      csv.cell(value.get<double>());
    } else {
      csv.empty_cell();
    }
  };
  for (const Json& score : flat) {
    for (const char* key : {"name", "protocol", "model", "task", "source"})
      csv.cell(score.at(key).get<std::string>());
    const Json& interval = score.at("interval");
    number(score.at("value"));
    csv.cell(score.at("unit").get<std::string>());
    csv.cell(score.at("n").get<int64_t>());
    number(interval.at("low"));
    number(interval.at("high"));
    number(interval.at("level"));
    csv.cell(interval.at("method").get<std::string>());
    number(score.at("chance"));
    csv.cell(score.at("higher_is").get<std::string>());
    csv.end_row();
  }
  return csv.text();
}

}  // namespace physprobe
