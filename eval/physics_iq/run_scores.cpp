#include "physprobe/eval/physics_iq/run_scores.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/statistics/summary.h"
#include "physprobe/eval/physics_iq/diagnosis.h"
#include "physprobe/eval/physics_iq/evaluation_files.h"
#include "physprobe/eval/physics_iq/score_intervals.h"
#include "physprobe/eval/physics_iq/score_json.h"

#include <cmath>
#include <map>
#include <utility>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

class RunScorer {
 public:
  RunScorer(const PhysicsIqOptions& options,
            const EvaluationPlan& plan,
            const std::vector<ViewOutcome>& outcomes,
            const std::vector<std::string>& messages,
            const ItemLines& lines)
      : options_(options), plan_(plan), outcomes_(outcomes), messages_(messages), lines_(lines) {}

  ScoredRuns score() {
    for (std::size_t run = 0; run < plan_.runs.size(); ++run) score_run(run);
    return std::move(scored_);
  }

 private:
  ListLengths lengths() const { return plan_.is_custom ? ListLengths::kAny : ListLengths::kEqual; }

  void add_score(const std::string& name,
                 const std::string& run,
                 const std::string& label,
                 double value,
                 const Interval& interval) {
    scored_.scores.push_back(Json{{"name", name},
                                  {"protocol", physics_iq_protocol(options_)},
                                  {"run", run},
                                  {"label", label},
                                  {"value", finite_or_null(100.0 * value)},
                                  {"unit", "percent"},
                                  {"n", interval.n},
                                  {"interval", scaled_interval_json(interval, 100.0)},
                                  {"higher_is", "better"}});
  }

  /// Both scores of a table with their intervals.
  void add_scores(const ResultTable& table,
                  const PhysicsIqScores& scores,
                  const std::string& run,
                  const std::string& label) {
    add_score("physics_iq_verified", run, label, scores.final_score_view,
              verified_interval(table, options_.statistics));
    add_score("physics_iq_original", run, label, scores.final_score_orig,
              original_interval(table, options_.statistics));
  }

  void score_run(std::size_t run) {
    const PlannedRun& planned = plan_.runs[run];
    const ResultTable exact = table_of_run(plan_, outcomes_, messages_, run);
    const std::string stem = options_.out + "/results/" + planned.name;
    write_file_atomic(stem + ".csv", format_result_table(exact));
    Json entry = {{"name", planned.name},
                  {"fps", planned.has_one_rate ? Json(planned.fps) : Json()},
                  {"frames", planned.has_one_length ? Json(planned.frames) : Json()}};
    const ResultTable table = rounded_for_scoring(exact);
    if (table.rows.empty() || (lines_.failed_runs.count(planned.name) != 0 && !plan_.is_custom)) {
      entry["scores"] = Json();
      scored_.notes.push_back(planned.name + ": not scored, because views failed (failures.jsonl)");
      scored_.runs.push_back(entry);
      return;
    }
    const PhysicsIqScores scores = score_physics_iq(table, lengths());
    scored_.all.push_back(scores);
    scored_.names.push_back(planned.name);
    scored_.tables.push_back(table);
    write_file_atomic(stem + "_metrics.json", metrics_json_text(scores));
    write_file_atomic(stem + ".samples.csv", format_sample_scores(sample_scores(table)));
    write_file_atomic(stem + ".scenarios.csv", format_sample_scores(scene_scores(table)));
    entry["scores"] = scores_json(scores);
    entry["views"] = by_view(table);
    entry["categories"] = by_category(table, planned.name);
    write_file_atomic(stem + ".categories.json", dump_json_pretty(entry["categories"]));
    entry["baselines"] = baselines(run);
    const auto known = lines_.causes.find(planned.name);
    const auto of_run =
        known == lines_.causes.end() ? std::map<std::string, int64_t>{} : known->second;
    Json causes = Json::object();
    for (const std::string& cause : diagnosis_causes())
      if (const auto found = of_run.find(cause); found != of_run.end())
        causes[cause] = found->second;
    entry["causes"] = causes;
    add_scores(table, scores, planned.name, "");
    if (std::isnan(scores.final_score_raw))
      scored_.notes.push_back(
          planned.name +
          ": the original score is undefined (NaN), because a ceiling is zero or "
          "take 2 is missing; it is not counted as 0");
    scored_.runs.push_back(entry);
  }

  Json by_view(const ResultTable& table) const {
    Json views = Json::object();
    const std::vector<SampleScore> samples = sample_scores(table);
    for (const std::string& view : table.views) {
      std::vector<double> values;
      for (const SampleScore& sample : samples)
        if (sample.view == view && std::isfinite(sample.arithmetic))
          values.push_back(sample.arithmetic);
      views[view] = {{"n", values.size()}, {"verified", finite_or_null(100.0 * mean(values))}};
    }
    return views;
  }

  Json by_category(const ResultTable& table, const std::string& run) {
    std::map<std::string, std::string> category_of;
    for (const ViewJob& job : plan_.jobs) category_of[job.scenario] = job.category;
    std::map<std::string, int64_t> categories;
    for (const ResultRow& row : table.rows) ++categories[category_of[row.scenario]];
    Json json = Json::object();
    if (categories.size() < 2) return json;
    categories.erase("");  // scenes without a category are in the run's own scores
    for (const auto& [category, count] : categories) {
      const ResultTable part =
          select_rows(table, [&, name = category](const std::string& scenario) {
            return category_of.at(scenario) == name;
          });
      const PhysicsIqScores scores = score_physics_iq(part, lengths());
      Json entry = {{"n_scenarios", count}};
      for (const auto& [name, value] : scores.entries()) entry[name] = finite_or_null(value);
      json[category] = entry;
      add_scores(part, scores, run, category);
    }
    return json;
  }

  Json baselines(std::size_t run) {
    Json json = Json::object();
    for (const auto& [name, text] :
         {std::pair<const char*, const char*>{"frozen", "first frame of take 1, frozen"},
          {"delayed", "take 1, half a second late"},
          {"take2", "take 2 as the model"}}) {
      const ResultTable table =
          rounded_for_scoring(table_of_baseline(plan_, outcomes_, messages_, run, name));
      if (table.rows.empty()) continue;
      const PhysicsIqScores scores = score_physics_iq(table, ListLengths::kAny);
      json[name] = {{"text", text},
                    {"verified", finite_or_null(100.0 * scores.final_score_view)},
                    {"original", finite_or_null(100.0 * scores.final_score_orig)}};
    }
    return json;
  }

  const PhysicsIqOptions& options_;
  const EvaluationPlan& plan_;
  const std::vector<ViewOutcome>& outcomes_;
  const std::vector<std::string>& messages_;
  const ItemLines& lines_;
  ScoredRuns scored_;
};

}  // namespace

const char* physics_iq_protocol(const PhysicsIqOptions& options) {
  return options.plan.ground_truth == "verified" ? "physics-iq/verified-1.1"
                                                 : "physics-iq/original-1";
}

ScoredRuns score_runs(const PhysicsIqOptions& options,
                      const EvaluationPlan& plan,
                      const std::vector<ViewOutcome>& outcomes,
                      const std::vector<std::string>& messages,
                      const ItemLines& lines) {
  return RunScorer(options, plan, outcomes, messages, lines).score();
}

}  // namespace physprobe
