#include "physprobe/eval/minimal_pairs/grouped_document.h"

#include "physprobe/core/json_lines.h"
#include "physprobe/core/statistics/holm.h"
#include "physprobe/eval/minimal_pairs/model_comparison.h"
#include "physprobe/eval/minimal_pairs/score_json.h"
#include "physprobe/eval/version.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

struct TaskExamples {
  std::vector<std::vector<int>> right;
  std::vector<std::string> clusters;  ///< Empty when examples are independent.
};

std::map<std::string, TaskExamples> examples_by_task(const GroupedRun& run) {
  std::map<std::string, TaskExamples> tasks;
  for (const GroupedExample& example : run.examples) {
    TaskExamples& task = tasks[example.task];
    task.right.push_back(example.right);
    if (!example.cluster.empty()) task.clusters.push_back(example.cluster);
  }
  if (tasks.empty()) tasks[""];
  return tasks;
}

/// What the group score says beyond its parts.
std::string finding(const GroupedProtocol& protocol, const std::vector<GroupedScore>& scores) {
  if (scores.size() < 3) {
    const GroupedScore& only = scores.back();
    return fmt::format(
        "{:.1f} % of {} examples, against {:.4g} % by chance (exact one-sided p = "
        "{:.2g}).",
        only.value, only.n, only.chance, only.above_p);
  }
  const GroupedScore& group = scores.back();
  const bool is_answers = protocol.id == naturalbench_protocol().id;
  const GroupedScore& first = is_answers ? scores[1] : scores[0];
  const GroupedScore& second = scores[1];
  const double independent = first.value * second.value / 100.0;
  const std::string parts =
      is_answers ? fmt::format("two questions that are each right with {:.1f} %", first.value)
                 : fmt::format("{} ({:.1f} %) and {} ({:.1f} %)", first.name, first.value,
                               second.name, second.value);
  return fmt::format(
      "{} {:.1f} %; {} right independently of each other would give {:.1f} %. Chance is {:.4g} % "
      "(exact one-sided p = {:.2g}).",
      group.name, group.value, parts, independent, group.chance, group.above_p);
}

std::vector<NamedRating> ratings_of(const GroupedRun& run) {
  std::vector<NamedRating> ratings;
  for (const GroupedExample& example : run.examples)
    ratings.push_back({example.task + "\n" + example.id, example.right.back() > 0});
  std::sort(ratings.begin(), ratings.end(),
            [](const NamedRating& a, const NamedRating& b) { return a.name < b.name; });
  return ratings;
}

Json comparisons_of(const std::vector<GroupedRun>& runs, const BootstrapOptions& options) {
  std::vector<ModelComparison> comparisons;
  std::vector<double> p_values;
  std::vector<std::vector<NamedRating>> ratings;
  ratings.reserve(runs.size());
  for (const GroupedRun& run : runs) ratings.push_back(ratings_of(run));
  for (std::size_t a = 0; a < runs.size(); ++a) {
    for (std::size_t b = a + 1; b < runs.size(); ++b) {
      int64_t unshared = 0;
      const AgreementCounts counts = shared_agreement(ratings[a], ratings[b], &unshared);
      ModelComparison comparison;
      comparison.first = runs[a].model;
      comparison.second = runs[b].model;
      comparison.differences = {paired_difference("all", counts, unshared, options)};
      comparison.group = comparison.differences.front();
      comparison.items = consistency_of(ratings[a], ratings[b], options);
      comparison.pairs = comparison.items;
      p_values.push_back(comparison.differences.front().mcnemar.mid_p);
      comparisons.push_back(std::move(comparison));
    }
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  Json list = Json::array();
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    comparisons[i].holm_p = adjusted[i];
    list.push_back(comparison_json(comparisons[i]));
  }
  return list;
}

}  // namespace

nlohmann::ordered_json grouped_document(const GroupedProtocol& protocol,
                                        const std::vector<GroupedRun>& runs,
                                        const BootstrapOptions& options,
                                        ModelProblems& problems) {
  options.validate();
  Json flat = Json::array();
  Json models = Json::array();
  int64_t items = 0;
  for (const GroupedRun& run : runs) {
    for (const PairProblem& problem : run.problems) problems.emplace_back(run.model, problem);
    items += static_cast<int64_t>(run.examples.size());
    std::string findings;
    for (const auto& [task, examples] : examples_by_task(run)) {
      const std::vector<GroupedScore> scores =
          grouped_scores(protocol, examples.right, options, examples.clusters);
      for (const GroupedScore& score : scores) {
        flat.push_back(Json{{"name", score.name},
                            {"protocol", protocol.id},
                            {"model", run.model},
                            {"task", task},
                            {"source", ""},
                            {"value", score.value},
                            {"unit", "%"},
                            {"n", score.n},
                            {"interval", interval_json(score.interval)},
                            {"higher_is", "better"},
                            {"chance", score.chance},
                            {"above_chance_p", pair_number(score.above_p)}});
      }
      findings += (findings.empty() ? "" : " ") + (task.empty() ? "" : task + ": ") +
                  finding(protocol, scores);
    }
    models.push_back(Json{{"name", run.model},
                          {"files", run.files},
                          {"answered_examples", run.examples.size()},
                          {"finding", findings},
                          {"problems", problems_json(run.problems)}});
  }
  Json notes = Json::array();
  if (protocol.examples > 0) {
    for (const GroupedRun& run : runs) {
      const auto missing = protocol.examples - static_cast<int64_t>(run.examples.size());
      if (missing > 0)
        notes.push_back(fmt::format("{}: {} of {} examples are not in its file and count as wrong",
                                    run.model, missing, protocol.examples));
    }
  }
  Json kinds = Json::array();
  for (const GroupedScoreKind& kind : protocol.kinds)
    kinds.push_back(Json{{"name", kind.name}, {"units", kind.units}, {"chance", kind.chance}});
  return Json{
      {"schema", 1},
      {"name", runs.size() == 1 ? runs.front().model : "several models"},
      {"protocol", protocol.id},
      {"kinds", kinds},
      {"counts", Json{{"models", runs.size()}, {"items", items}, {"problems", problems.size()}}},
      {"scores", flat},
      {"models", models},
      {"comparisons", comparisons_of(runs, options)},
      {"controls", Json::array()},
      {"published", published_grouped_scores(protocol.id)},
      {"notes", notes},
      {"provenance", Json{{"producer", std::string("physprobe ") + version()},
                          {"protocols", Json::array({protocol.id})},
                          {"seed", options.seed},
                          {"resamples", options.resamples},
                          {"level", options.level}}}};
}

std::string grouped_item_lines(const GroupedProtocol& protocol, const GroupedRun& run) {
  std::string text;
  for (const GroupedExample& example : run.examples) {
    Json right = Json::object();
    for (std::size_t k = 0; k < protocol.kinds.size(); ++k)
      right[protocol.kinds[k].name] = example.right[k];
    Json given = Json::object();
    for (const auto& [name, answer] : example.given) given[name] = answer;
    text += dump_json(Json{{"model", run.model},
                           {"task", example.task},
                           {"id", example.id},
                           {"right", right},
                           {"given", given}});
    text += '\n';
  }
  return text;
}

std::string format_flat_scores(const nlohmann::ordered_json& results) {
  std::string text;
  for (const Json& score : results.at("scores")) {
    const Json& interval = score.at("interval");
    std::string range;
    if (interval.at("low").is_number()) {
      range = fmt::format(" [{:.2f}, {:.2f}]", interval.at("low").get<double>(),
                          interval.at("high").get<double>());
    }
    text += fmt::format("{:<20} {:<24} {:<18} {:.2f} %{}  n {}  chance {:.4g} %\n",
                        score.at("model").get<std::string>(), score.at("task").get<std::string>(),
                        score.at("name").get<std::string>(), score.at("value").get<double>(), range,
                        score.at("n").get<int64_t>(), score.at("chance").get<double>());
  }
  for (const Json& model : results.at("models"))
    text += fmt::format("{}: {}\n", model.at("name").get<std::string>(),
                        model.at("finding").get<std::string>());
  for (const Json& note : results.at("notes")) text += note.get<std::string>() + "\n";
  return text;
}

nlohmann::ordered_json published_grouped_scores(const std::string& protocol) {
  if (protocol != vinoground_protocol().id) return Json::array();
  const char* source = "Vinoground (Zhang, Cai and Lee 2024), rounded";
  return Json::array({Json{{"model", "people"},
                           {"scores", Json{{"text", 90.0}, {"video", 90.0}, {"group", nullptr}}},
                           {"source", source}},
                      Json{{"model", "best model of the paper"},
                           {"scores", Json{{"text", 50.0}, {"video", 50.0}, {"group", 35.0}}},
                           {"source", source}}});
}

}  // namespace physprobe
