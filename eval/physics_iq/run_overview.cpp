#include "physprobe/eval/physics_iq/run_overview.h"

#include "physprobe/eval/physics_iq/leaderboard.h"
#include "physprobe/eval/physics_iq/run_aggregate.h"
#include "physprobe/eval/physics_iq/score_intervals.h"
#include "physprobe/eval/physics_iq/score_json.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kOfficialViews = 198;

}  // namespace

Json aggregate_json(const ScoredRuns& scored) {
  Json json = Json::object();
  for (const char* type : {"verified", "original"}) {
    Json list = Json::array();
    for (const AggregatedScore& score : aggregate_runs(scored.all, type))
      list.push_back({{"key", score.key},
                      {"label", score.label},
                      {"mean", finite_or_null(score.mean)},
                      {"std", finite_or_null(score.deviation)}});
    json[type] = list;
  }
  // Only of one model are the runs seeds, with a deviation that means something.
  std::set<std::string> models;
  for (const std::string& name : scored.names) models.insert(model_of_run(name));
  json["models"] = models;
  return json;
}

Json paired_json(const ScoredRuns& scored, const BootstrapOptions& statistics) {
  Json list = Json::array();
  for (std::size_t b = 1; b < scored.tables.size(); ++b) {
    const PairedDifference difference = paired_difference(
        sample_scores(scored.tables[0]), sample_scores(scored.tables[b]), statistics);
    list.push_back({{"a", scored.tables[0].source},
                    {"b", scored.tables[b].source},
                    {"difference", finite_or_null(100.0 * difference.mean)},
                    {"n", difference.samples},
                    {"interval", scaled_interval_json(difference.interval, 100.0)}});
  }
  return list;
}

std::string reason_without_place(const PhysicsIqOptions& options, const EvaluationPlan& plan) {
  if (plan.is_custom) return "a set of one's own";
  if (options.mask_path != MaskPath::kMp4v) return "masks without the official codec";
  if (options.decode != "opencv") return "another decoding of colours";
  if (options.threshold != MotionMasker::kOfficialThreshold) return "another mask threshold";
  if (options.plan.resample_fps > 0.0) return "clips converted to another rate";
  if (!plan.is_official_span) return "another span than five seconds";
  std::set<std::pair<std::string, std::string>> views;
  for (const ViewJob& job : plan.jobs) views.emplace(job.scenario, job.view);
  if (views.size() != kOfficialViews)
    return fmt::format("{} views, the benchmark has {}", views.size(), kOfficialViews);
  return "";
}

Json places_json(const PhysicsIqOptions& options,
                 const EvaluationPlan& plan,
                 const ScoredRuns& scored) {
  Json json = Json::array();
  if (!reason_without_place(options, plan).empty()) return json;
  std::map<std::string, std::vector<PhysicsIqScores>> models;
  for (std::size_t i = 0; i < scored.all.size(); ++i)
    models[model_of_run(scored.names[i])].push_back(scored.all[i]);
  const std::string& board = options.plan.ground_truth;
  for (const auto& [model, runs] : models) {
    const double score = aggregate_runs(runs, board).front().mean;
    if (std::isnan(score)) continue;
    for (const std::string input : {"i2v", "v2v"}) {
      if (!options.input.empty() && options.input != input) continue;
      json.push_back({{"leaderboard", board},
                      {"input", input},
                      {"model", model},
                      {"runs", runs.size()},
                      {"score", score},
                      {"place", leaderboard_place(board, input, score)},
                      {"of", leaderboard_size(board, input) + 1}});
    }
  }
  return json;
}

}  // namespace physprobe
