#include "physprobe/eval/physics_iq/evaluation_files.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/statistics/summary.h"
#include "physprobe/eval/physics_iq/diagnosis.h"
#include "physprobe/eval/physics_iq/leaderboard.h"
#include "physprobe/eval/physics_iq/run_aggregate.h"
#include "physprobe/eval/physics_iq/score_intervals.h"
#include "physprobe/eval/run_directory.h"
#include "physprobe/eval/version.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr const char* kOfficialDecode =
    "swscale, bicubic, BT.601: the bytes of OpenCV's VideoCapture (official)";
constexpr const char* kTaggedDecode =
    "swscale, bicubic, with the colour matrix and range that each file names (not official)";

const char* protocol_of(const PhysicsIqOptions& options) {
  return options.plan.ground_truth == "verified" ? "physics-iq/verified-1.1"
                                                 : "physics-iq/original-1";
}

Json interval_json(const Interval& interval, double scale) {
  return Json{{"low", interval.low * scale},
              {"high", interval.high * scale},
              {"level", interval.level},
              {"method", interval.method}};
}

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

/// Builds results.json and the tables beside it.
class FilesWriter {
 public:
  FilesWriter(const PhysicsIqOptions& options,
              const EvaluationPlan& plan,
              const std::vector<ViewOutcome>& outcomes,
              const std::vector<std::string>& messages)
      : options_(options),
        plan_(plan),
        outcomes_(outcomes),
        messages_(messages),
        paths_(options.out) {}

  void write() {
    create_directories(options_.out + "/results");
    results_ = Json{{"schema", 1},
                    {"kind", "physics-iq"},
                    {"name", plan_.is_custom ? "own set" : "physics-iq"},
                    {"protocol", protocol_of(options_)}};
    write_items();
    write_failures();
    for (std::size_t run = 0; run < plan_.runs.size(); ++run) score_run(run);
    finish();
  }

 private:
  ListLengths lengths() const { return plan_.is_custom ? ListLengths::kAny : ListLengths::kEqual; }

  Json curves(const TruthRecord& truth, const GeneratedRecord& record) const {
    return Json{{"spatiotemporal_iou", record.metrics.spatiotemporal_iou_v1},
                {"ceiling_iou", truth.ceiling.variance_spatiotemporal_iou},
                {"mse", record.metrics.mse_v1},
                {"ceiling_mse", truth.ceiling.variance_mse},
                {"area_take1", truth.area_take1},
                {"area_generated", record.area},
                {"overlap", record.overlap}};
  }

  /// Copies a view's clip and strip out of the cache, so that the evaluation stands alone.
  Json media(const std::string& stem) const {
    if (stem.empty()) return Json::object();
    const std::string name = fs::path(stem).filename().string();
    const std::string folder = "media/" + name.substr(0, 2);
    create_directories(options_.out + "/" + folder);
    Json json = Json::object();
    for (const auto& [key, extension] : {std::pair<const char*, const char*>{"strip", ".jpg"},
                                         {"clip", ".mp4"},
                                         {"clip", ".webm"}}) {
      if (!fs::exists(stem + extension)) continue;
      const std::string relative = folder + "/" + name + extension;
      write_file_atomic(options_.out + "/" + relative, read_file(stem + extension));
      json[key] = relative;
    }
    return json;
  }

  void write_items() {
    std::string lines;
    CsvWriter digests({"file", "sha256"});
    std::map<std::string, std::string> seen;
    const auto add_digest = [&](const std::string& path, const std::string& digest) {
      const std::string name = fs::path(path).filename().string();
      if (path.empty() || !seen.emplace(path, digest).second) return;
      digests.cell(name).cell(digest).end_row();
    };
    for (std::size_t j = 0; j < plan_.jobs.size(); ++j) {
      if (!messages_[j].empty()) continue;
      const ViewJob& job = plan_.jobs[j];
      const ViewOutcome& outcome = outcomes_[j];
      add_digest(job.take1.path, outcome.digest1);
      add_digest(job.take2.path, outcome.digest2);
      for (std::size_t g = 0; g < job.generated.size(); ++g) {
        const GeneratedRecord& record = outcome.generated[g];
        const std::string& run = plan_.runs[job.generated[g].run].name;
        ResultTable one;
        one.views = {job.view};
        one.rows.push_back({job.scenario, {{job.view, joined(outcome.truth, record.metrics)}}});
        const SampleScore score = sample_scores(rounded_for_scoring(one)).front();
        const Diagnosis diagnosis = diagnose(outcome.truth, record, score);
        ++causes_[run][diagnosis.cause];
        const std::string id = run + "/" + job.scenario + "/" + job.view;
        add_digest(job.generated[g].clip.path, outcome.digests[g]);
        const Json line = {
            {"id", id},
            {"run", run},
            {"scenario", job.scenario},
            {"view", job.view},
            {"category", job.category},
            {"path", fs::path(job.generated[g].clip.path).filename().string()},
            {"digest", outcome.digests[g]},
            {"fps", job.fps},
            {"frames", job.frames},
            {"score", number(100.0 * score.arithmetic)},
            {"sub_scores",
             {{"spatial", number(score.spatial)},
              {"weighted_spatial", number(score.weighted_spatial)},
              {"spatiotemporal", number(score.spatiotemporal)},
              {"mse", number(score.mse)}}},
            {"metrics",
             {{"spatiotemporal_iou", number(mean(record.metrics.spatiotemporal_iou_v1))},
              {"spatial_iou", number(record.metrics.spatial_iou_v1)},
              {"weighted_spatial_iou", number(record.metrics.weighted_spatial_iou_v1)},
              {"mse", number(mean(record.metrics.mse_v1))}}},
            {"cause", diagnosis.cause},
            {"evidence", diagnosis.evidence},
            {"onset_delay_seconds", number(diagnosis.onset_delay_seconds)},
            {"area_ratio", number(diagnosis.area_ratio)},
            {"best_delay_seconds",
             static_cast<double>(record.best_delay_frames) / outcome.truth.fps},
            {"curves", curves(outcome.truth, record)},
            {"media", media(outcome.media[g])}};
        lines += dump_json(line) + "\n";
        ++items_;
      }
    }
    write_file_atomic(paths_.items, lines);
    write_file_atomic(options_.out + "/digests.csv", digests.text());
    digests_digest_ = sha256_hex(digests.text());
  }

  void write_failures() {
    std::string lines;
    for (std::size_t j = 0; j < messages_.size(); ++j) {
      if (messages_[j].empty()) continue;
      ++failed_;
      lines += dump_json(Json{{"id", plan_.jobs[j].scenario + "/" + plan_.jobs[j].view},
                              {"kind", "input"},
                              {"message", messages_[j]}}) +
               "\n";
    }
    write_file_atomic(paths_.failures, lines);
  }

  void add_score(const std::string& name,
                 const std::string& run,
                 const std::string& label,
                 double value,
                 const Interval& interval) {
    scores_.push_back(Json{{"name", name},
                           {"protocol", protocol_of(options_)},
                           {"run", run},
                           {"label", label},
                           {"value", number(100.0 * value)},
                           {"unit", "percent"},
                           {"n", interval.n},
                           {"interval", interval_json(interval, 100.0)},
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
    Json entry = {{"name", planned.name}, {"fps", planned.fps}, {"frames", planned.frames}};
    const ResultTable table = rounded_for_scoring(exact);
    if (table.rows.empty() || (failed_ > 0 && !plan_.is_custom)) {
      entry["scores"] = Json();
      notes_.push_back(planned.name + ": not scored, because views failed (failures.jsonl)");
      runs_.push_back(entry);
      return;
    }
    const PhysicsIqScores scores = score_physics_iq(table, lengths());
    all_scores_.push_back(scores);
    tables_.push_back(table);
    write_file_atomic(stem + "_metrics.json", metrics_json_text(scores));
    write_file_atomic(stem + ".samples.csv", format_sample_scores(sample_scores(table)));
    write_file_atomic(stem + ".scenarios.csv", format_sample_scores(scene_scores(table)));
    entry["scores"] = scores_json(scores);
    entry["views"] = by_view(table);
    entry["categories"] = by_category(table, planned.name);
    write_file_atomic(stem + ".categories.json", dump_json_pretty(entry["categories"]));
    entry["baselines"] = baselines(run);
    Json causes = Json::object();
    for (const std::string& cause : diagnosis_causes())
      if (const auto found = causes_[planned.name].find(cause);
          found != causes_[planned.name].end())
        causes[cause] = found->second;
    entry["causes"] = causes;
    add_scores(table, scores, planned.name, "");
    if (std::isnan(scores.final_score_raw))
      notes_.push_back(planned.name +
                       ": the original score is undefined (NaN), because a ceiling is zero or "
                       "take 2 is missing; it is not counted as 0");
    runs_.push_back(entry);
  }

  Json by_view(const ResultTable& table) const {
    Json views = Json::object();
    const std::vector<SampleScore> samples = sample_scores(table);
    for (const std::string& view : table.views) {
      std::vector<double> values;
      for (const SampleScore& sample : samples)
        if (sample.view == view && std::isfinite(sample.arithmetic))
          values.push_back(sample.arithmetic);
      views[view] = {{"n", values.size()}, {"verified", number(100.0 * mean(values))}};
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
    for (const auto& [category, count] : categories) {
      const ResultTable part =
          select_rows(table, [&, name = category](const std::string& scenario) {
            return category_of.at(scenario) == name;
          });
      const PhysicsIqScores scores = score_physics_iq(part, lengths());
      Json entry = {{"n_scenarios", count}};
      for (const auto& [name, value] : scores.entries()) entry[name] = number(value);
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
                    {"verified", number(100.0 * scores.final_score_view)},
                    {"original", number(100.0 * scores.final_score_orig)}};
    }
    return json;
  }

  Json aggregate() {
    Json json = Json::object();
    for (const char* type : {"verified", "original"}) {
      Json list = Json::array();
      for (const AggregatedScore& score : aggregate_runs(all_scores_, type))
        list.push_back({{"key", score.key},
                        {"label", score.label},
                        {"mean", number(score.mean)},
                        {"std", number(score.deviation)}});
      json[type] = list;
    }
    return json;
  }

  Json paired() const {
    Json list = Json::array();
    for (std::size_t b = 1; b < tables_.size(); ++b) {
      const PairedDifference difference = paired_difference(
          sample_scores(tables_[0]), sample_scores(tables_[b]), options_.statistics);
      list.push_back({{"a", tables_[0].source},
                      {"b", tables_[b].source},
                      {"difference", number(100.0 * difference.mean)},
                      {"n", difference.samples},
                      {"interval", interval_json(difference.interval, 100.0)}});
    }
    return list;
  }

  Json places() const {
    Json json = Json::array();
    if (plan_.is_custom || all_scores_.empty()) return json;
    const bool is_verified = options_.plan.ground_truth == "verified";
    const auto aggregated = aggregate_runs(all_scores_, options_.plan.ground_truth);
    for (const std::string input : {"i2v", "v2v"}) {
      if (!options_.input.empty() && options_.input != input) continue;
      const double score = aggregated.front().mean;
      if (std::isnan(score)) continue;
      json.push_back(
          {{"leaderboard", options_.plan.ground_truth},
           {"input", input},
           {"score", score},
           {"place", leaderboard_place(is_verified ? "verified" : "original", input, score)}});
    }
    return json;
  }

  void finish() {
    results_["counts"] = {{"items", items_ + failed_}, {"ok", items_}, {"failed", failed_}};
    results_["settings"] = {
        {"ground_truth", options_.plan.ground_truth},
        {"masks", mask_path_name(options_.mask_path)},
        {"mask_codec", options_.mask_path == MaskPath::kMp4v
                           ? Json("MPEG-4 part 2 by OpenCV " + mask_codec_version())
                           : Json()},
        {"real_masks", options_.plan.real_masks},
        {"decode", options_.decode == "tagged" ? kTaggedDecode : kOfficialDecode},
        {"threshold", options_.threshold},
        {"drop_first", options_.plan.drop_first},
        {"first_frames", options_.plan.first_frames},
        {"resample_fps", options_.plan.resample_fps},
        {"is_official_span", plan_.is_official_span}};
    results_["runs"] = runs_;
    results_["aggregate"] = aggregate();
    results_["paired"] = paired();
    results_["places"] = places();
    results_["scores"] = scores_;
    if (options_.mask_path != MaskPath::kMp4v || options_.decode != "opencv" ||
        !plan_.is_official_span || options_.threshold != MotionMasker::kOfficialThreshold ||
        options_.plan.drop_first > 0)
      notes_.emplace_back(
          "not the official setting (masks, threshold, frames left out or span): do not put these "
          "numbers on a leaderboard without saying so");
    for (const std::string& note : plan_.notes) notes_.push_back(note);
    for (const std::string& warning : plan_.warnings) notes_.push_back(warning);
    results_["notes"] = notes_;
    results_["provenance"] = {{"producer", std::string("physprobe ") + version()},
                              {"protocols", {"physics-iq/verified-1.1", "physics-iq/original-1"}},
                              {"digests_sha256", digests_digest_},
                              {"seed", options_.statistics.seed},
                              {"resamples", options_.statistics.resamples}};
    write_card();
    const std::string text = dump_json_pretty(results_);
    write_file_atomic(paths_.results_json, text);
    write_file_atomic(paths_.results_csv, results_csv());
    write_file_atomic(paths_.complete, sha256_hex(text) + "\n");
  }

  std::string results_csv() const {
    CsvWriter csv({"name", "protocol", "run", "label", "value", "unit", "n", "low", "high"});
    const auto cell = [&](const Json& value) {
      value.is_number() ? csv.cell(value.get<double>()) : csv.empty_cell();
    };
    for (const Json& score : scores_) {
      for (const char* key : {"name", "protocol", "run", "label"})
        csv.cell(score[key].get<std::string>());
      cell(score["value"]);
      csv.cell(score["unit"].get<std::string>());
      csv.cell(score["n"].get<int64_t>());
      cell(score["interval"]["low"]);
      cell(score["interval"]["high"]);
      csv.end_row();
    }
    return csv.text();
  }

  void write_card() const {
    Json settings = Json::object();
    for (const auto& [key, value] : options_.settings) settings[key] = value;
    Json runs = Json::array();
    for (const Json& run : runs_) {
      if (run["scores"].is_null()) continue;
      runs.push_back({{"name", run["name"]},
                      {"fps", run["fps"]},
                      {"verified", run["scores"]["final_score_view"]},
                      {"original", run["scores"]["final_score_origround"]}});
    }
    const Json card = {
        {"benchmark", protocol_of(options_)},
        {"ground_truth", options_.plan.ground_truth},
        {"input", options_.input},
        {"runs", runs},
        {"aggregate", results_["aggregate"]},
        {"best_result_claim",
         all_scores_.size() >= 4
             ? "4 runs or more: fit for a best-result claim"
             : fmt::format("{} runs: a best-result claim needs 4", all_scores_.size())},
        {"prompts", plan_.is_custom || options_.plan.descriptions.empty()
                        ? Json()
                        : Json{{"table", fs::path(options_.plan.descriptions).filename().string()},
                               {"sha256", sha256_file(options_.plan.descriptions)}}},
        {"frames_dropped", options_.plan.drop_first},
        {"settings_of_the_evaluation", results_["settings"]},
        {"settings_of_the_generation", settings},
        {"digests_sha256", digests_digest_},
        {"producer", std::string("physprobe ") + version()}};
    write_file_atomic(options_.out + "/submission_card.json", dump_json_pretty(card));
  }

  const PhysicsIqOptions& options_;
  const EvaluationPlan& plan_;
  const std::vector<ViewOutcome>& outcomes_;
  const std::vector<std::string>& messages_;
  RunPaths paths_;
  Json results_;
  Json scores_ = Json::array();
  Json runs_ = Json::array();
  std::vector<PhysicsIqScores> all_scores_;
  std::vector<ResultTable> tables_;
  std::vector<std::string> notes_;
  std::map<std::string, std::map<std::string, int64_t>> causes_;
  std::string digests_digest_;
  int64_t items_ = 0;
  int64_t failed_ = 0;
};

}  // namespace

void write_evaluation_files(const PhysicsIqOptions& options,
                            const EvaluationPlan& plan,
                            const std::vector<ViewOutcome>& outcomes,
                            const std::vector<std::string>& messages) {
  FilesWriter(options, plan, outcomes, messages).write();
}

}  // namespace physprobe
