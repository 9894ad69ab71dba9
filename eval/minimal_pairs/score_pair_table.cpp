#include "physprobe/eval/minimal_pairs/score_pair_table.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/core/statistics/proportion.h"
#include "physprobe/eval/minimal_pairs/model_comparison.h"
#include "physprobe/eval/minimal_pairs/pair_table_runs.h"
#include "physprobe/eval/minimal_pairs/score_json.h"
#include "physprobe/eval/minimal_pairs/surprise_pairs.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

/// Possible and impossible clips of one task, paired; what cannot be is a problem.
struct ClipPairs {
  std::vector<double> possible, impossible;
};

ClipPairs pair_clips(const ScoredClips& clips,
                     bool lower_is_possible,
                     std::vector<PairProblem>& problems) {
  std::map<std::string, std::vector<const AnswerRow*>> pairs;
  for (const AnswerRow& row : clips.rows)
    pairs[row.pair.empty() ? pair_stem(row.id) : row.pair].push_back(&row);
  ClipPairs result;
  for (const auto& entry : pairs) {
    const std::string& name = entry.first;
    const std::vector<const AnswerRow*>& rows = entry.second;
    const auto problem = [&](const char* kind, const std::string& text) {
      problems.push_back({kind, rows.front()->file, rows.front()->line, name, text});
    };
    if (rows.size() != 2) {
      problem(rows.size() == 1 ? "no partner" : "more than two items",
              fmt::format("{} clips, expected a possible and an impossible one", rows.size()));
      continue;
    }
    const int first = answer_index(rows[0]->label, {});
    const int second = answer_index(rows[1]->label, {});
    if (first == kUnparsed || second == kUnparsed || first == second) {
      problem("answer not among the candidates",
              fmt::format("labels '{}' and '{}'; expected one possible and one impossible clip",
                          rows[0]->label, rows[1]->label));
      continue;
    }
    const double sign = lower_is_possible ? 1.0 : -1.0;
    result.possible.push_back(sign * *rows[first == 1 ? 0 : 1]->score);
    result.impossible.push_back(sign * *rows[first == 1 ? 1 : 0]->score);
  }
  return result;
}

/// One table with a score column.
Json relative_scores(const std::string& given,
                     const std::vector<AnswerRow>& rows,
                     const PairTableOptions& options,
                     ModelProblems& problems) {
  const auto [name, path] = named_table(given);
  std::vector<PairProblem> found;
  Json model{{"name", name}, {"files", Json::array({path})}, {"tasks", Json::object()}};
  for (const ScoredClips& clips : clips_by_task(rows)) {
    const ClipPairs pairs = pair_clips(clips, options.lower_is_possible, found);
    const RelativeAccuracy accuracy = relative_accuracy(pairs.possible, pairs.impossible);
    const double level = options.scores.bootstrap.level;
    const Interval strict =
        in_percent(wilson_interval(static_cast<double>(accuracy.right), accuracy.n, level));
    model["tasks"][clips.task] =
        Json{{"n_pairs", accuracy.n},
             {"relative_accuracy", Json{{"value", accuracy.strict},
                                        {"unit", "%"},
                                        {"n", accuracy.n},
                                        {"interval", pair_interval_json(strict)},
                                        {"higher_is", "better"},
                                        {"chance", 50.0}}},
             {"ties", accuracy.ties},
             {"half_credit", accuracy.half_credit}};
  }
  model["problems"] = problems_json(found);
  for (PairProblem& problem : found) problems.emplace_back(name, std::move(problem));
  return model;
}

bool has_scores_only(const std::vector<AnswerRow>& rows) {
  return !rows.empty() && std::all_of(rows.begin(), rows.end(), [](const AnswerRow& row) {
    return row.score && !row.prediction;
  });
}

Json score_relative(const std::vector<std::string>& tables,
                    const std::vector<std::vector<AnswerRow>>& rows,
                    const PairTableOptions& options,
                    ModelProblems& problems) {
  Json models = Json::array();
  Json flat = Json::array();
  int64_t items = 0;
  for (std::size_t t = 0; t < tables.size(); ++t) {
    items += static_cast<int64_t>(rows[t].size());
    Json model = relative_scores(tables[t], rows[t], options, problems);
    for (const auto& [task, scores] : model["tasks"].items()) {
      Json score{{"name", "relative_accuracy"},
                 {"protocol", "pairs/relative-1"},
                 {"model", model["name"]},
                 {"task", task},
                 {"source", ""}};
      for (const auto& [key, value] : scores["relative_accuracy"].items()) score[key] = value;
      flat.push_back(std::move(score));
    }
    models.push_back(std::move(model));
  }
  Json results{
      {"schema", 1},
      {"name", tables.size() == 1 ? models[0]["name"] : Json("several models")},
      {"protocol", "pairs/relative-1"},
      {"counts", Json{{"models", tables.size()}, {"items", items}, {"problems", problems.size()}}}};
  if (tables.size() == 1) results["tasks"] = models[0]["tasks"];
  results["scores"] = std::move(flat);
  results["models"] = std::move(models);
  return results;
}

}  // namespace

nlohmann::ordered_json score_pair_tables(const std::vector<std::string>& tables,
                                         const PairTableOptions& options,
                                         const std::function<void(const PairRun&)>& each_run,
                                         ModelProblems& problems) {
  options.scores.bootstrap.validate();
  std::vector<std::vector<AnswerRow>> clips;
  for (const std::string& given : tables) {
    const auto [name, path] = named_table(given);
    std::vector<PairProblem> found;
    std::vector<AnswerRow> rows = read_answer_table(path, options.table, found);
    if (!has_scores_only(rows)) continue;
    for (PairProblem& problem : found) problems.emplace_back(name, std::move(problem));
    clips.push_back(std::move(rows));
  }
  if (!clips.empty() && clips.size() != tables.size()) {
    throw Error(ErrorKind::kIncompatible, "score pairs",
                "some tables hold scores and some predictions; they are two protocols, score them "
                "apart");
  }
  if (!clips.empty()) return score_relative(tables, clips, options, problems);

  const int threads = options.threads == 0 ? default_thread_count() : options.threads;
  std::vector<RunScores> scores;
  for (const std::string& given : tables) {
    const PairRun run = answer_run(given, options);
    if (each_run) each_run(run);
    scores.push_back(score_run(run, {}, options.scores, threads));
  }
  Json results = scored_document(options.protocol, scores, options.scores, threads, problems);
  results["controls"] = Json::array();
  results["published"] = Json::array();
  results["notes"] = Json::array();
  results["provenance"] = score_provenance(options.protocol, options.scores);
  return results;
}

nlohmann::ordered_json score_error_consistency(const std::string& first,
                                               const std::string& second,
                                               const PairTableOptions& options,
                                               ModelProblems& problems) {
  std::vector<NamedRating> ratings[2];
  std::string names[2];
  for (std::size_t s = 0; s < 2; ++s) {
    const PairRun run = answer_run(s == 0 ? first : second, options);
    names[s] = run.model;
    for (const PairProblem& problem : run.problems) problems.emplace_back(run.model, problem);
    for (const PairTask& task : run.tasks) {
      for (const PairItem& item : task.items)
        ratings[s].push_back(
            {task.name + "\n" + item.id, item.verdict(options.scores.rule).is_right});
    }
    std::stable_sort(ratings[s].begin(), ratings[s].end(),
                     [](const NamedRating& a, const NamedRating& b) { return a.name < b.name; });
  }
  int64_t unshared = 0;
  if (shared_agreement(ratings[0], ratings[1], &unshared).n() == 0)
    throw Error(ErrorKind::kInput, first, "shares no item with " + second);
  const Consistency consistency = consistency_of(ratings[0], ratings[1], options.scores.bootstrap);
  return Json{{"schema", 1},
              {"protocol", "error-consistency/1"},
              {"first", names[0]},
              {"second", names[1]},
              {"n_unshared", unshared},
              {"items", consistency_json(consistency)},
              {"provenance", score_provenance("error-consistency/1", options.scores)}};
}

}  // namespace physprobe
