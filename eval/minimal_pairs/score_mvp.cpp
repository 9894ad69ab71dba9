#include "physprobe/eval/minimal_pairs/score_mvp.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/eval/minimal_pairs/published_mvp.h"
#include "physprobe/eval/minimal_pairs/score_document.h"
#include "physprobe/eval/minimal_pairs/score_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
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

  Json results = scored_document(kMvpProtocol, scores, options.scores, threads, problems);
  results["controls"] = Json::array();
  for (const ControlResult& control : controls)
    results["controls"].push_back(control_json(control));
  if (annotations) results["annotation_problems"] = problems_json(annotations->problems);
  results["published"] = published_mvp_json();
  results["notes"] = notes_of(scores, options);
  results["provenance"] = score_provenance(kMvpProtocol, options.scores);
  results["provenance"]["duplicates"] =
      options.duplicates == DuplicateRule::kKeepLast ? "last" : "all";
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

}  // namespace physprobe
