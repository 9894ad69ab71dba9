#include "physprobe/eval/minimal_pairs/score_pair_table.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/eval/minimal_pairs/grouped_document.h"
#include "physprobe/eval/minimal_pairs/model_comparison.h"
#include "physprobe/eval/minimal_pairs/pair_table_runs.h"
#include "physprobe/eval/minimal_pairs/score_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <tuple>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

/// A table with a score column as a run: an example a pair of clips, right when the possible one
/// surprises less. What cannot be paired is a problem.
GroupedRun relative_run(const std::string& given,
                        const std::vector<AnswerRow>& rows,
                        bool lower_is_possible) {
  GroupedRun run;
  std::string path;
  std::tie(run.model, path) = named_table(given);
  run.files = {path};
  std::map<std::pair<std::string, std::string>, std::vector<const AnswerRow*>> pairs;
  for (const AnswerRow& row : rows)
    pairs[{row.task.empty() ? "all" : row.task, row.pair.empty() ? pair_stem(row.id) : row.pair}]
        .push_back(&row);
  for (const auto& [key, members] : pairs) {
    const AnswerRow& first = *members.front();
    const std::string& name = key.second;
    const auto problem = [&](const char* kind, const std::string& text) {
      run.problems.push_back({kind, first.file, first.line, name, text});
    };
    if (members.size() != 2) {
      problem(members.size() == 1 ? "no partner" : "more than two items",
              fmt::format("{} clips, expected a possible and an impossible one", members.size()));
      continue;
    }
    const AnswerRow& second = *members[1];
    const int label = answer_index(first.label, {});
    const int other = answer_index(second.label, {});
    if (label == kUnparsed || other == kUnparsed || label == other) {
      problem("answer not among the candidates",
              fmt::format("labels '{}' and '{}'; expected one possible and one impossible clip",
                          first.label, second.label));
      continue;
    }
    const double possible = *(label == 1 ? first : second).score;
    const double impossible = *(label == 1 ? second : first).score;
    const bool is_right = lower_is_possible ? possible < impossible : possible > impossible;
    run.examples.push_back({key.first,
                            name,
                            {is_right},
                            {{"possible", fmt::format("{}", possible)},
                             {"impossible", fmt::format("{}", impossible)},
                             {"verdict", is_right                 ? "right"
                                         : possible == impossible ? "tie"
                                                                  : "wrong"}},
                            ""});
  }
  return run;
}

bool has_scores_only(const std::vector<AnswerRow>& rows) {
  return !rows.empty() && std::all_of(rows.begin(), rows.end(), [](const AnswerRow& row) {
    return row.score && !row.prediction;
  });
}

Json score_relative(const std::vector<std::string>& tables,
                    const std::vector<std::vector<AnswerRow>>& rows,
                    const PairTableOptions& options,
                    const EachGroupedRun& each_run,
                    ModelProblems& problems) {
  const GroupedProtocol& protocol = relative_protocol();
  std::vector<GroupedRun> runs;
  for (std::size_t t = 0; t < tables.size(); ++t) {
    runs.push_back(relative_run(tables[t], rows[t], options.lower_is_possible));
    if (runs.back().examples.empty()) {
      const std::vector<PairProblem>& found = runs.back().problems;
      throw Error(
          ErrorKind::kInput, runs.back().files.front(),
          fmt::format(
              "holds no pair that can be scored ({} problems{}); name pairs in a "
              "column 'pair', or give ids that differ after the last '_' only",
              found.size(),
              found.empty() ? "" : ", the first: " + found.front().id + ": " + found.front().text));
    }
    if (each_run) each_run(protocol, runs.back());
  }
  Json results = grouped_document(protocol, runs, options.scores.bootstrap, problems);
  for (std::size_t m = 0; m < runs.size(); ++m) {
    Json& model = results["models"][m];
    model["tasks"] = Json::object();
    for (const Json& score : results["scores"]) {
      if (score["model"] != model["name"]) continue;
      int64_t ties = 0;
      for (const GroupedExample& example : runs[m].examples)
        ties += example.task == score["task"] && example.given.back().second == "tie";
      const auto n = score["n"].get<int64_t>();
      Json accuracy;
      for (const char* key : {"value", "unit", "n", "interval", "higher_is", "chance"})
        accuracy[key] = score[key];
      const double half = n == 0 ? 0.0 : 50.0 * static_cast<double>(ties) / static_cast<double>(n);
      model["tasks"][score["task"].get<std::string>()] =
          Json{{"n_pairs", n},
               {"relative_accuracy", accuracy},
               {"ties", ties},
               {"half_credit", score["value"].get<double>() + half}};
    }
  }
  if (runs.size() == 1) results["tasks"] = results["models"][0]["tasks"];
  return results;
}

}  // namespace

nlohmann::ordered_json score_pair_tables(const std::vector<std::string>& tables,
                                         const PairTableOptions& options,
                                         const std::function<void(const PairRun&)>& each_run,
                                         ModelProblems& problems,
                                         const EachGroupedRun& each_relative) {
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
  if (!clips.empty()) return score_relative(tables, clips, options, each_relative, problems);

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

nlohmann::ordered_json score_grouped_tables(const GroupedProtocol& protocol,
                                            const std::vector<std::string>& tables,
                                            const GroupedSource& source,
                                            const BootstrapOptions& options,
                                            const EachGroupedRun& each_run,
                                            ModelProblems& problems) {
  using Reader = GroupedRun (*)(const std::string&, const GroupedSource&);
  const Reader read = protocol.id == winoground_protocol().id   ? read_winoground
                      : protocol.id == vinoground_protocol().id ? read_vinoground
                                                                : read_naturalbench;
  std::vector<GroupedRun> runs;
  for (const std::string& table : tables) {
    runs.push_back(read(table, source));
    if (const GroupedRun& run = runs.back(); run.examples.empty()) {
      const std::string first =
          run.problems.empty() ? "" : fmt::format("; the first: {}", run.problems.front().text);
      throw Error(ErrorKind::kInput, run.files.front(),
                  fmt::format("holds no example that can be scored ({} problems{})",
                              run.problems.size(), first));
    }
    if (each_run) each_run(protocol, runs.back());
  }
  return grouped_document(protocol, runs, options, problems);
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
