#include "physprobe/eval/physics_iq/evaluation_files.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/digest_list.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/physics_iq/run_overview.h"
#include "physprobe/eval/physics_iq/submission_card.h"
#include "physprobe/eval/run_directory.h"
#include "physprobe/eval/version.h"

#include <nlohmann/json.hpp>

#include <filesystem>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kOfficialDecode =
    "swscale, bicubic, BT.601: the bytes of OpenCV's VideoCapture (official)";
constexpr const char* kTaggedDecode =
    "swscale, bicubic, with the colour matrix and range that each file names (not official)";

Json settings_json(const PhysicsIqOptions& options, const EvaluationPlan& plan) {
  return Json{{"ground_truth", options.plan.ground_truth},
              {"masks", mask_path_name(options.mask_path)},
              {"mask_codec", options.mask_path == MaskPath::kMp4v
                                 ? Json("MPEG-4 part 2 by OpenCV " + mask_codec_version())
                                 : Json()},
              {"real_masks", options.plan.real_masks},
              {"decode", options.decode == "tagged" ? kTaggedDecode : kOfficialDecode},
              {"threshold", options.threshold},
              {"drop_first", options.plan.drop_first},
              {"first_frames", options.plan.first_frames},
              {"resample_fps", options.plan.resample_fps},
              {"is_official_span", plan.is_official_span}};
}

std::string results_csv(const Json& scores) {
  CsvWriter csv({"name", "protocol", "run", "label", "value", "unit", "n", "low", "high"});
  const auto cell = [&](const Json& value) {
    value.is_number() ? csv.cell(value.get<double>()) : csv.empty_cell();
  };
  for (const Json& score : scores) {
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

/// Everything an evaluation leaves for others, without what seals itself (run.json), tells times
/// (log.txt) or is made anew from the inputs (cache). Media have their digests in items.jsonl.
std::vector<std::string> files_to_seal(const std::string& out) {
  std::vector<std::string> files = {"digests.csv", "failures.jsonl", "items.jsonl",
                                    "results.csv", "results.json",   "submission_card.json"};
  for (const auto& entry : std::filesystem::directory_iterator(out + "/results"))
    files.push_back("results/" + entry.path().filename().string());
  return files;
}

}  // namespace

void write_evaluation_files(const PhysicsIqOptions& options,
                            const EvaluationPlan& plan,
                            const std::vector<ViewOutcome>& outcomes,
                            const std::vector<std::string>& messages) {
  create_directories(options.out + "/results");
  const ItemLines lines = write_item_lines(options, plan, outcomes, messages);
  const ScoredRuns scored = score_runs(options, plan, outcomes, messages, lines);
  Json notes = scored.notes;
  if (const std::string reason = reason_without_place(options, plan); !reason.empty())
    notes.push_back("no leaderboard number: " + reason);
  if (options.plan.drop_first > 0)
    notes.push_back("the first frames of every generated video were left out: " +
                    std::to_string(options.plan.drop_first));
  for (const std::string& note : plan.notes) notes.push_back(note);
  for (const std::string& warning : plan.warnings) notes.push_back(warning);
  const Json settings = settings_json(options, plan);
  const Json aggregate = aggregate_json(scored);
  const Json results = {
      {"schema", 1},
      {"kind", "physics-iq"},
      {"name", plan.is_custom ? "own set" : "physics-iq"},
      {"protocol", physics_iq_protocol(options)},
      {"counts", {{"items", lines.ok + lines.failed}, {"ok", lines.ok}, {"failed", lines.failed}}},
      {"settings", settings},
      {"runs", scored.runs},
      {"aggregate", aggregate},
      {"paired", paired_json(scored, options.statistics)},
      {"places", places_json(options, plan, scored)},
      {"scores", scored.scores},
      {"notes", notes},
      {"provenance",
       {{"producer", std::string("physprobe ") + version()},
        {"protocols", {"physics-iq/verified-1.1", "physics-iq/original-1"}},
        {"digests_sha256", lines.digests_sha256},
        {"seed", options.statistics.seed},
        {"resamples", options.statistics.resamples}}}};
  write_submission_card(options, plan, lines, scored, aggregate, settings);
  const RunPaths paths(options.out);
  write_file_atomic(paths.results_json, dump_json_pretty(results));
  write_file_atomic(paths.results_csv, results_csv(scored.scores));
  write_digest_list(options.out, "COMPLETE", files_to_seal(options.out));
}

}  // namespace physprobe
