#include "physprobe/eval/minimal_pairs/score_document.h"

#include "physprobe/eval/minimal_pairs/model_comparison.h"
#include "physprobe/eval/minimal_pairs/score_json.h"
#include "physprobe/eval/version.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

std::string cell(const Json& accuracy) {
  const Json& interval = accuracy.at("interval");
  const std::string value = fmt::format("{:.2f}", accuracy.at("value").get<double>());
  if (!interval.at("low").is_number()) return value;
  return fmt::format("{} [{:.2f}, {:.2f}]", value, interval.at("low").get<double>(),
                     interval.at("high").get<double>());
}

void add_row(std::string& text, const std::string& name, const Json& scores, int64_t n_pairs) {
  text += fmt::format("  {:<40} {:>7}  {:<24} {}\n", name, n_pairs,
                      cell(scores.at("pair_accuracy")), cell(scores.at("single_accuracy")));
}

}  // namespace

nlohmann::ordered_json scored_document(const std::string& protocol,
                                       const std::vector<RunScores>& scores,
                                       const PairScoreOptions& options,
                                       int threads,
                                       ModelProblems& problems) {
  const std::size_t count = scores.size();
  Json results{{"schema", 1},
               {"name", count == 1 ? scores.front().model : "several models"},
               {"protocol", protocol}};
  Json flat = Json::array();
  Json model_list = Json::array();
  int64_t items = 0;
  for (const RunScores& run : scores) {
    for (const PairProblem& problem : run.problems) problems.emplace_back(run.model, problem);
    for (const TaskScores& task : run.tasks) items += task.all.n_items;
    for (Json& score : flat_scores(run, protocol, options.chance_pair))
      flat.push_back(std::move(score));
    model_list.push_back(run_scores_json(run, options.chance_pair));
  }
  results["counts"] = Json{{"models", count}, {"items", items}, {"problems", problems.size()}};
  if (count == 1) {
    for (const char* key : {"tasks", "group", "groups"}) {
      if (model_list[0].contains(key)) results[key] = model_list[0][key];
    }
  }
  results["scores"] = std::move(flat);
  results["models"] = std::move(model_list);
  results["comparisons"] = Json::array();
  if (count > 1) {
    for (const ModelComparison& comparison : compare_models(scores, options.bootstrap, threads))
      results["comparisons"].push_back(comparison_json(comparison));
  }
  return results;
}

nlohmann::ordered_json score_provenance(const std::string& protocol,
                                        const PairScoreOptions& options) {
  return Json{{"producer", std::string("physprobe ") + version()},
              {"protocols", Json::array({protocol})},
              {"parser", options.rule == AnswerRule::kStrict ? "strict" : "robust"},
              {"incomplete_pairs", options.drop_incomplete ? "dropped" : "wrong"},
              {"seed", options.bootstrap.seed},
              {"resamples", options.bootstrap.resamples},
              {"level", options.bootstrap.level}};
}

std::string format_pair_scores(const nlohmann::ordered_json& results) {
  std::string text;
  for (const Json& model : results.at("models")) {
    text += fmt::format("{}\n  {:<40} {:>7}  {:<24} {}\n", model.at("name").get<std::string>(), "",
                        "pairs", "pair accuracy %", "single accuracy %");
    for (const auto& [name, task] : model.at("tasks").items())
      add_row(text, name, task, task.at("n_pairs").get<int64_t>());
    const Json groups = model.contains("group") ? Json::array({model.at("group")}) : [&] {
      Json list = Json::array();
      for (const auto& [name, group] : model.at("groups").items()) list.push_back(group);
      return list;
    }();
    for (const Json& group : groups) {
      add_row(text, group.at("subset").get<std::string>() + " (mean of tasks)", group,
              group.at("pair_accuracy").at("n").get<int64_t>());
      const Json weighted{{"pair_accuracy", group.at("weighted_pair_accuracy")},
                          {"single_accuracy", group.at("weighted_single_accuracy")}};
      add_row(text, group.at("subset").get<std::string>() + " (weighted by size)", weighted,
              group.at("pair_accuracy").at("n").get<int64_t>());
    }
    for (const auto& [name, task] : model.at("tasks").items()) {
      text += fmt::format("  {}: {}\n", name, task.at("shortcut").at("finding").get<std::string>());
    }
    const Json& parsers = model.at("parsers");
    text += fmt::format("  {} answers read differently by the robust rule\n",
                        parsers.at("n_changed").get<int64_t>());
    text += "\n";
  }
  for (const Json& comparison : results.at("comparisons")) {
    const Json& all = comparison.at("differences").at(0);
    const Json& interval = all.at("interval");
    if (!all.at("difference").is_number()) {
      text += fmt::format("{} and {} share no pair\n", comparison.at("first").get<std::string>(),
                          comparison.at("second").get<std::string>());
      continue;
    }
    text +=
        fmt::format("{} minus {}: {:+.2f} points", comparison.at("first").get<std::string>(),
                    comparison.at("second").get<std::string>(), all.at("difference").get<double>());
    if (interval.at("low").is_number()) {
      text += fmt::format(" [{:+.2f}, {:+.2f}]", interval.at("low").get<double>(),
                          interval.at("high").get<double>());
    }
    text += fmt::format(", McNemar mid-p {:.3g}, Holm {:.3g}\n",
                        all.at("mcnemar").at("mid_p").get<double>(),
                        comparison.at("holm_p").get<double>());
  }
  for (const Json& control : results.at("controls"))
    text += control.at("finding").get<std::string>() + "\n";
  for (const Json& note : results.at("notes")) text += "note: " + note.get<std::string>() + "\n";
  return text;
}

}  // namespace physprobe
