#include "physprobe/eval/physics_iq/item_lines.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/statistics/summary.h"
#include "physprobe/eval/physics_iq/diagnosis.h"
#include "physprobe/eval/physics_iq/score_json.h"
#include "physprobe/eval/physics_iq/scores.h"
#include "physprobe/eval/run_directory.h"

#include <nlohmann/json.hpp>

#include <filesystem>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

Json curves(const TruthRecord& truth, const GeneratedRecord& record) {
  return Json{{"spatiotemporal_iou", record.metrics.spatiotemporal_iou_v1},
              {"ceiling_iou", truth.ceiling.variance_spatiotemporal_iou},
              {"mse", record.metrics.mse_v1},
              {"ceiling_mse", truth.ceiling.variance_mse},
              {"area_take1", truth.area_take1},
              {"area_generated", record.area},
              {"overlap", record.overlap}};
}

/// Copies a view's clip and strip out of the cache, so that the evaluation stands alone.
Json media(const std::string& out, const std::string& stem) {
  if (stem.empty()) return Json::object();
  const std::string name = fs::path(stem).filename().string();
  const std::string folder = "media/" + name.substr(0, 2);
  create_directories(out + "/" + folder);
  Json json = Json::object();
  for (const auto& [key, extension] : {std::pair<const char*, const char*>{"strip", ".jpg"},
                                       {"clip", ".mp4"},
                                       {"clip", ".webm"}}) {
    std::string source = stem;
    source += extension;
    if (!fs::exists(source)) continue;
    std::string relative = folder;
    relative.append("/").append(name).append(extension);
    const std::string bytes = read_file(source);
    write_file_atomic((fs::path(out) / relative).string(), bytes);
    json[key] = relative;
    json[std::string(key) + "_sha256"] = sha256_hex(bytes);
  }
  return json;
}

/// Names and digests of all videos, each once.
class DigestTable {
 public:
  void add(const std::string& path, const std::string& digest) {
    if (path.empty() || !seen_.emplace(path, digest).second) return;
    csv_.cell(fs::path(path).filename().string()).cell(digest).end_row();
  }
  const std::string& text() const { return csv_.text(); }

 private:
  CsvWriter csv_{{"file", "sha256"}};
  std::map<std::string, std::string> seen_;
};

Json item_line(const PhysicsIqOptions& options,
               const EvaluationPlan& plan,
               const ViewJob& job,
               const ViewOutcome& outcome,
               std::size_t g) {
  const GeneratedRecord& record = outcome.generated[g];
  const std::string& run = plan.runs[job.generated[g].run].name;
  ResultTable one;
  one.views = {job.view};
  one.rows.push_back({job.scenario, {{job.view, joined(outcome.truth, record.metrics)}}});
  const SampleScore score = sample_scores(rounded_for_scoring(one)).front();
  const Diagnosis diagnosis = diagnose(outcome.truth, record, score);
  return {{"id", run + "/" + job.scenario + "/" + job.view},
          {"run", run},
          {"scenario", job.scenario},
          {"view", job.view},
          {"category", job.category},
          {"path", fs::path(job.generated[g].clip.path).filename().string()},
          {"digest", outcome.digests[g]},
          {"fps", job.fps},
          {"frames", job.frames},
          {"score", finite_or_null(100.0 * score.arithmetic)},
          {"sub_scores",
           {{"spatial", finite_or_null(score.spatial)},
            {"weighted_spatial", finite_or_null(score.weighted_spatial)},
            {"spatiotemporal", finite_or_null(score.spatiotemporal)},
            {"mse", finite_or_null(score.mse)}}},
          {"metrics",
           {{"spatiotemporal_iou", finite_or_null(mean(record.metrics.spatiotemporal_iou_v1))},
            {"spatial_iou", finite_or_null(record.metrics.spatial_iou_v1)},
            {"weighted_spatial_iou", finite_or_null(record.metrics.weighted_spatial_iou_v1)},
            {"mse", finite_or_null(mean(record.metrics.mse_v1))}}},
          {"cause", diagnosis.cause},
          {"evidence", diagnosis.evidence},
          {"onset_delay_seconds", finite_or_null(diagnosis.onset_delay_seconds)},
          {"area_ratio", finite_or_null(diagnosis.area_ratio)},
          {"best_delay_seconds", static_cast<double>(record.best_delay_frames) / outcome.truth.fps},
          {"curves", curves(outcome.truth, record)},
          {"media", media(options.out, outcome.media[g])}};
}

}  // namespace

ItemLines write_item_lines(const PhysicsIqOptions& options,
                           const EvaluationPlan& plan,
                           const std::vector<ViewOutcome>& outcomes,
                           const std::vector<std::string>& messages) {
  const RunPaths paths(options.out);
  ItemLines written;
  std::string items;
  std::string failures;
  DigestTable digests;
  for (std::size_t j = 0; j < plan.jobs.size(); ++j) {
    const ViewJob& job = plan.jobs[j];
    const auto add_failure = [&](const std::string& id, const std::string& message) {
      ++written.failed;
      failures += dump_json(Json{{"id", id}, {"kind", "input"}, {"message", message}}) + "\n";
    };
    if (!messages[j].empty()) {
      add_failure(job.scenario + "/" + job.view, messages[j]);
      for (const ViewJob::Generated& generated : job.generated)
        written.failed_runs.insert(plan.runs[generated.run].name);
      continue;
    }
    digests.add(job.take1.path, outcomes[j].digest1);
    digests.add(job.take2.path, outcomes[j].digest2);
    for (std::size_t g = 0; g < job.generated.size(); ++g) {
      digests.add(job.generated[g].clip.path, outcomes[j].digests[g]);
      if (!outcomes[j].failures[g].empty()) {
        const std::string& run = plan.runs[job.generated[g].run].name;
        add_failure(run + "/" + job.scenario + "/" + job.view, outcomes[j].failures[g]);
        written.failed_runs.insert(run);
        continue;
      }
      const Json line = item_line(options, plan, job, outcomes[j], g);
      ++written.causes[line["run"].get<std::string>()][line["cause"].get<std::string>()];
      items += dump_json(line) + "\n";
      ++written.ok;
    }
  }
  write_file_atomic(paths.items, items);
  write_file_atomic(paths.failures, failures);
  write_file_atomic(options.out + "/digests.csv", digests.text());
  written.digests_sha256 = sha256_hex(digests.text());
  return written;
}

}  // namespace physprobe
