#include "physprobe/cli/score_command.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/interrupt.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/physics_iq/bridge.h"
#include "physprobe/eval/physics_iq/evaluation.h"
#include "physprobe/eval/physics_iq/sensitivity.h"
#include "physprobe/eval/physics_iq/table_report.h"
#include "physprobe/report/physics_iq_page.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

namespace physprobe {
namespace {

struct PhysicsIqFlags {
  CommonFlags common;
  PhysicsIqOptions options;
  std::string masks = "mp4v";
  std::string frames;
  std::vector<std::string> settings;
  std::vector<std::string> tables;
  std::vector<std::string> joins;
  std::string model;
  bool sensitivity = false;
  bool no_media = false;
  bool no_report = false;
};

/// "first:K".
int64_t parse_frames(const std::string& text) {
  if (text.empty()) return 0;
  const std::string prefix = "first:";
  int64_t value = 0;
  bool is_number = text.size() > prefix.size() && text.size() < prefix.size() + 8;
  for (std::size_t i = prefix.size(); is_number && i < text.size(); ++i) {
    is_number = text[i] >= '0' && text[i] <= '9';
    value = 10 * value + (text[i] - '0');
  }
  if (text.rfind(prefix, 0) != 0 || !is_number || value < 1)
    throw Error(ErrorKind::kUsage, "--frames",
                fmt::format("is '{}'; expected first:K, such as first:120", text));
  return value;
}

void print_warnings(const PhysicsIqSummary& summary, std::ostream& err) {
  for (const std::string& warning : summary.warnings) err << "warning: " << warning << "\n";
}

/// Result tables are scored as they are: what concerns videos is refused, not ignored.
void refuse_flags_of_videos(const PhysicsIqFlags& flags) {
  const PhysicsIqOptions& options = flags.options;
  for (const auto& [flag, is_set] :
       {std::pair{"--generated", !options.plan.generated.empty()},
        std::pair{"--manifest", !options.plan.manifest.empty()},
        std::pair{"--frames", !flags.frames.empty()},
        std::pair{"--drop-first", options.plan.drop_first != 0},
        std::pair{"--rate", options.plan.resample_fps != 0.0},
        std::pair{"--setting", !flags.settings.empty()}, std::pair{"--join", !flags.joins.empty()},
        std::pair{"--sensitivity", flags.sensitivity}})
    if (is_set)
      throw Error(
          ErrorKind::kUsage, flag,
          "concerns videos, but --from-table scores finished tables; leave one of them out");
  if (!options.out.empty())
    throw Error(ErrorKind::kUsage, "--out",
                "has no use with --from-table, which prints its scores; --json prints all of them");
  for (std::size_t i = 0; i < flags.tables.size(); ++i)
    if (std::find(flags.tables.begin() + static_cast<std::ptrdiff_t>(i) + 1, flags.tables.end(),
                  flags.tables[i]) != flags.tables.end())
      throw Error(ErrorKind::kUsage, "--from-table",
                  fmt::format("'{}' is named twice; a run counts once in the mean and deviation",
                              flags.tables[i]));
}

int score_tables(const PhysicsIqFlags& flags, Invocation& invocation) {
  refuse_flags_of_videos(flags);
  const nlohmann::ordered_json document = score_result_tables(
      flags.tables, flags.options.plan.descriptions, flags.options.statistics, flags.model);
  if (flags.common.json) {
    invocation.out << dump_json_pretty(document);
  } else {
    invocation.out << format_scored_tables(document);
  }
  return 0;
}

int score_videos(PhysicsIqFlags& flags, Invocation& invocation) {
  PhysicsIqOptions& options = flags.options;
  options.mask_path = mask_path_from_name(flags.masks);
  options.plan.first_frames = parse_frames(flags.frames);
  options.with_media = !flags.no_media;
  options.threads = flags.common.threads;
  options.progress = flags.common.progress_mode();
  options.command_line = invocation.arguments;
  for (const std::string& setting : flags.settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      throw Error(ErrorKind::kUsage, "--setting", fmt::format("'{}' is not key=value", setting));
    options.settings.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  check_probe_outputs(flags.joins);
  const PhysicsIqSummary summary = evaluate_physics_iq(options);
  if (!flags.common.quiet) print_warnings(summary, invocation.err);
  if (summary.interrupted_by != 0) {
    invocation.err << fmt::format(
        "interrupted after {} views; start the same command again to continue\n", summary.views);
    return interrupt_exit_code(summary.interrupted_by);
  }
  if (flags.sensitivity) write_sensitivity(options);
  if (!flags.joins.empty()) write_bridge(options.out, flags.joins, options.statistics);
  std::string report;
  if (!flags.no_report) report = write_physics_iq_report(options.out);
  if (flags.common.json) {
    invocation.out << read_file(options.out + "/results.json");
  } else {
    invocation.out << format_physics_iq_summary(options.out);
    if (flags.sensitivity) invocation.out << format_sensitivity(options.out);
    if (!flags.joins.empty()) invocation.out << format_bridge(options.out);
    if (!report.empty()) invocation.out << "\nreport: " << report << "\n";
  }
  if (!summary.failures.empty()) {
    for (const std::string& failure : summary.failures)
      invocation.err << "failed: " << failure << "\n";
    return exit_code(ErrorKind::kPartial);
  }
  return 0;
}

}  // namespace

void add_score_physics_iq(CLI::App& score, Invocation& invocation) {
  CLI::App* command = score.add_subcommand(
      "physics-iq", "Physics-IQ and Physics-IQ Verified: generated videos against real recordings");
  auto flags = std::make_shared<PhysicsIqFlags>();
  PhysicsIqOptions& options = flags->options;
  command->add_option("--generated", options.plan.generated,
                      "Folders of generated videos, one per run (names begin with the 4-digit id)");
  command
      ->add_option("--benchmark", options.plan.benchmark,
                   "Folder that holds physics-IQ-benchmark[-verified], or that folder")
      ->capture_default_str();
  command->add_option("--descriptions", options.plan.descriptions,
                      "The benchmark's descriptions table (CSV)");
  command->add_option("--manifest", options.plan.manifest,
                      "A set of your own: CSV with generated, real and optionally take2, id, view, "
                      "category, run");
  command->add_option("--from-table", flags->tables,
                      "Score existing result tables instead of videos (no --out needed)");
  command->add_option("--out", options.out, "Directory for the results");
  command->add_option("--cache", options.cache,
                      "Cache of masks, ceilings and views (default: OUT/cache)");
  command
      ->add_option("--ground-truth", options.plan.ground_truth, "verified or original recordings")
      ->capture_default_str();
  command
      ->add_option("--masks", flags->masks,
                   "mp4v (official: written as video and read back) or direct")
      ->capture_default_str();
  command
      ->add_option("--real-masks", options.plan.real_masks,
                   "computed from the recordings, or published (the benchmark's video-masks)")
      ->capture_default_str();
  command
      ->add_option("--decode", options.decode,
                   "opencv (official: BT.601 whatever a file says) or tagged (as the file says)")
      ->capture_default_str();
  command->add_option("--threshold", options.threshold, "Of motion masks, grey levels")
      ->check(CLI::Range(0, 255))
      ->capture_default_str();
  command->add_option("--frames", flags->frames,
                      "first:K compares only the first K frames of every clip");
  command
      ->add_option("--drop-first", options.plan.drop_first,
                   "Leave out the first N frames of every generated video")
      ->capture_default_str();
  command
      ->add_option("--rate", options.plan.resample_fps,
                   "Convert every clip to this frame rate first (not official)")
      ->check(above_zero());
  command->add_option("--input", options.input, "i2v or v2v: which part of the leaderboard")
      ->check(CLI::IsMember({"i2v", "v2v"}));
  command
      ->add_option("--setting", flags->settings,
                   "key=value of the generation, for the submission card (repeatable)")
      ->take_all();
  command
      ->add_option("--join", flags->joins,
                   "Join a probe's output: CSV with id and score, a run's items.jsonl, or "
                   "probe surprise's curves.json (repeatable)")
      ->take_all();
  command->add_option("--model-name", flags->model, "Model column of the aggregate table");
  command->add_option("--seed", options.statistics.seed, "Seed of the bootstrap");
  command->add_option("--resamples", options.statistics.resamples, "Bootstrap resamples")
      ->capture_default_str();
  command->add_flag("--sensitivity", flags->sensitivity,
                    "Also score with other thresholds, mask paths and rates (slow)");
  command->add_flag("--no-media", flags->no_media, "Write no clips and heat maps");
  command->add_flag("--no-report", flags->no_report, "Write no report.html");
  command->add_flag("--force", options.force, "Compute anew what is cached");
  command->add_flag("--overwrite", options.overwrite,
                    "Replace the results of other videos in OUT (what is cached is used again)");
  flags->common.add_json(*command);
  flags->common.add_execution(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      return flags->tables.empty() ? score_videos(*flags, invocation)
                                   : score_tables(*flags, invocation);
    };
  });
}

}  // namespace physprobe
