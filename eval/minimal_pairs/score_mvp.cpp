#include "physprobe/eval/minimal_pairs/score_mvp.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/eval/minimal_pairs/model_comparison.h"
#include "physprobe/eval/minimal_pairs/published_mvp.h"
#include "physprobe/eval/minimal_pairs/score_json.h"
#include "physprobe/eval/version.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <mutex>
#include <optional>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

struct ScoredRun {
  PairRun run;
  RunScores scores;
};

/// Reads and scores one model.
ScoredRun scored_run(const ModelFiles& files,
                     const MvpOptions& options,
                     const Annotations* annotations,
                     int threads) {
  MvpReadOptions read;
  read.annotations = annotations;
  read.duplicates = options.duplicates;
  read.threads = threads;
  ScoredRun scored;
  scored.run = read_mvp_run(files, read);
  scored.scores = score_run(scored.run, mvp_tasks(), options.scores, threads);
  return scored;
}

/// What a reader must know before the numbers.
Json notes_of(const std::vector<RunScores>& runs, const MvpOptions& options) {
  Json notes = Json::array();
  for (const RunScores& run : runs) {
    for (const GroupScores& group : run.groups) {
      if (group.missing.empty()) continue;
      std::string names;
      for (const std::string& name : group.missing) names += (names.empty() ? "" : ", ") + name;
      notes.push_back(
          fmt::format("{}: the group score of {} is a mean over fewer tasks than "
                      "published ones; no log of {}.",
                      run.model, group.subset, names));
    }
    if (run.groups.size() > 1) {
      notes.push_back(
          fmt::format("{}: holds logs of the reduced and of the full benchmark; they "
                      "are two groups.",
                      run.model));
    }
    for (const std::string& note : run.notes) notes.push_back(run.model + ": " + note);
    if (!run.problems.empty()) {
      notes.push_back(fmt::format("{}: {} problems in the logs; all are listed.", run.model,
                                  run.problems.size()));
    }
  }
  if (options.scores.rule == AnswerRule::kRobust) {
    notes.push_back(
        "Answers are read by the robust rule: not comparable with published scores, which use the "
        "benchmark's own.");
  }
  return notes;
}

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

nlohmann::ordered_json score_mvp(const std::vector<std::string>& paths,
                                 const MvpOptions& options,
                                 const std::function<void(const PairRun&)>& each_run,
                                 ModelProblems& problems) {
  options.scores.bootstrap.validate();
  const std::vector<ModelFiles> models = find_logs(paths, options.search);
  if (!options.controls.empty() && models.size() != 1) {
    throw Error(ErrorKind::kUsage, "control runs",
                fmt::format("belong to one model, but {} are given", models.size()));
  }
  std::optional<Annotations> annotations;
  if (!options.annotations.empty())
    annotations = read_annotations(options.annotations, options.cluster_field);
  const Annotations* known = annotations ? &*annotations : nullptr;

  if (annotations) {
    for (const PairProblem& problem : annotations->problems)
      problems.emplace_back("annotations", problem);
  }
  const int threads = options.threads == 0 ? default_thread_count() : options.threads;
  const std::size_t count = models.size();
  std::vector<RunScores> scores(count);
  std::vector<ControlResult> controls;
  if (count < static_cast<std::size_t>(threads)) {
    // Few models: all cores on one after the other.
    for (std::size_t m = 0; m < count; ++m) {
      ScoredRun scored = scored_run(models[m], options, known, threads);
      if (each_run) each_run(scored.run);
      for (const auto& [kind, path] : options.controls) {
        const std::vector<ModelFiles> files = find_logs({path}, options.search);
        if (files.size() != 1) {
          throw Error(ErrorKind::kUsage, path,
                      "holds several models; a control is one model's run");
        }
        ScoredRun control = scored_run(files.front(), options, known, threads);
        controls.push_back(compare_control(kind, scored.run, scored.scores, control.run,
                                           control.scores, options.scores));
        for (const PairProblem& problem : control.scores.problems)
          problems.emplace_back(control_name(kind), problem);
      }
      scores[m] = std::move(scored.scores);
    }
  } else {
    // Many models: a core each, so that at most as many logs as cores are in memory. They are
    // handed on in order, a core's worth at a time.
    for (std::size_t begin = 0; begin < count; begin += static_cast<std::size_t>(threads)) {
      const std::size_t end = std::min(count, begin + static_cast<std::size_t>(threads));
      std::vector<ScoredRun> batch(end - begin);
      parallel_for(static_cast<int64_t>(end - begin), threads, [&](int64_t i) {
        const auto m = static_cast<std::size_t>(i);
        batch[m] = scored_run(models[begin + m], options, known, 1);
      });
      for (std::size_t m = begin; m < end; ++m) {
        if (each_run) each_run(batch[m - begin].run);
        scores[m] = std::move(batch[m - begin].scores);
      }
    }
  }

  Json results{{"schema", 1}, {"name", count == 1 ? scores.front().model : "several models"}};
  results["protocol"] = kMvpProtocol;
  Json flat = Json::array();
  Json model_list = Json::array();
  int64_t items = 0;
  for (const RunScores& run : scores) {
    for (const PairProblem& problem : run.problems) problems.emplace_back(run.model, problem);
    for (const TaskScores& task : run.tasks) items += task.all.n_items;
    for (Json& score : flat_scores(run, kMvpProtocol, options.scores.chance_pair))
      flat.push_back(std::move(score));
    model_list.push_back(run_scores_json(run, options.scores.chance_pair));
  }
  results["counts"] = Json{{"models", count}, {"items", items}, {"problems", problems.size()}};
  if (count == 1) {
    results["tasks"] = model_list[0]["tasks"];
    for (const char* key : {"group", "groups"}) {
      if (model_list[0].contains(key)) results[key] = model_list[0][key];
    }
  }
  results["scores"] = std::move(flat);
  results["models"] = std::move(model_list);
  results["comparisons"] = Json::array();
  if (count > 1) {
    for (const ModelComparison& comparison :
         compare_models(scores, options.scores.bootstrap, threads))
      results["comparisons"].push_back(comparison_json(comparison));
  }
  results["controls"] = Json::array();
  for (const ControlResult& control : controls)
    results["controls"].push_back(control_json(control));
  if (annotations) results["annotation_problems"] = problems_json(annotations->problems);
  results["published"] = published_mvp_json();
  results["notes"] = notes_of(scores, options);
  const bool is_strict = options.scores.rule == AnswerRule::kStrict;
  results["provenance"] =
      Json{{"producer", std::string("physprobe ") + version()},
           {"protocols", Json{kMvpProtocol}},
           {"parser", is_strict ? "strict" : "robust"},
           {"incomplete_pairs", options.scores.drop_incomplete ? "dropped" : "wrong"},
           {"duplicates", options.duplicates == DuplicateRule::kKeepLast ? "last" : "all"},
           {"seed", options.scores.bootstrap.seed},
           {"resamples", options.scores.bootstrap.resamples},
           {"level", options.scores.bootstrap.level}};
  return results;
}

nlohmann::ordered_json published_mvp_json() {
  Json list = Json::array();
  for (const PublishedMvp& published : published_mvp()) {
    Json tasks = Json::object();
    for (std::size_t t = 0; t < published.task_pair.size(); ++t) {
      if (std::isnan(published.task_pair[t])) continue;
      tasks[published.subset + "_" + mvp_tasks()[t]] =
          Json{{"pair_accuracy", published.task_pair[t]},
               {"single_accuracy", pair_number(published.task_single[t])}};
    }
    list.push_back(Json{{"model", published.model},
                        {"protocol", kMvpProtocol},
                        {"subset", published.subset},
                        {"pair_accuracy", pair_number(published.pair)},
                        {"single_accuracy", pair_number(published.single)},
                        {"tasks", tasks},
                        {"source", published.source}});
  }
  return list;
}

std::string format_mvp_table(const nlohmann::ordered_json& results) {
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
