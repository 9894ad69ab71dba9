#include "physprobe/cli/command.h"
#include "physprobe/cli/suite_flags.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/interrupt.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/run.h"
#include "physprobe/report/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <memory>

namespace physprobe {
namespace {

struct RunFlags {
  SuiteFlags suite;
  CommonFlags common;
  std::string out;
  std::string cache;
  std::string shard;
  bool overwrite = false;
  bool resume = false;
  bool dry_run = false;
  bool no_report = false;
  int64_t batch = RunOptions().chunk_frames;
};

std::string in_megabytes(double bytes) {
  return bytes < 1e9 ? fmt::format("{:.1f} MB", bytes / 1e6)
                     : fmt::format("{:.2f} GB", bytes / 1e9);
}

int dry_run(const RunFlags& flags,
            const Suite& suite,
            const RunOptions& options,
            Invocation& invocation) {
  const RunEstimate estimate = estimate_run(suite, options);
  if (estimate.interrupted_by != 0) {
    invocation.err << "interrupted; nothing was kept\n";
    return interrupt_exit_code(estimate.interrupted_by);
  }
  if (flags.common.json) {
    invocation.out << dump_json_pretty(nlohmann::ordered_json{
        {"items", estimate.items},
        {"measured_items", estimate.measured_items},
        {"seconds_per_item", estimate.seconds_per_item},
        {"seconds_total", estimate.seconds_total},
        {"peak_memory_bytes", estimate.peak_memory_bytes},
        {"disk_bytes", estimate.disk_bytes},
        {"shard", {{"index", options.shard.index}, {"count", options.shard.count}}},
        {"warnings", estimate.warnings}});
    return 0;
  }
  invocation.out << fmt::format(
      "{}{} items; {} measured, nothing kept\n"
      "expected time    {} ({:.3g} s an item)\n"
      "expected memory  {}\n"
      "expected disk    {}\n",
      options.shard.is_whole()
          ? ""
          : fmt::format("shard {} of {}: ", options.shard.index, options.shard.count),
      estimate.items, estimate.measured_items, format_duration(std::ceil(estimate.seconds_total)),
      estimate.seconds_per_item, in_megabytes(estimate.peak_memory_bytes),
      in_megabytes(estimate.disk_bytes));
  for (const std::string& warning : estimate.warnings)
    invocation.err << "warning: " << warning << "\n";
  return 0;
}

int execute(const RunFlags& flags, Invocation& invocation) {
  const Suite suite = flags.suite.load();
  RunOptions options;
  options.out = flags.out;
  options.cache = flags.cache;
  options.overwrite = flags.overwrite;
  options.shard = parse_shard(flags.shard);
  options.threads = flags.common.threads;
  options.device = flags.common.device;
  options.narrate = flags.common.narrator(invocation.err);
  options.chunk_frames = flags.batch;
  options.progress = flags.common.progress_mode();
  options.command_line = invocation.arguments;
  install_interrupt_handlers();
  if (flags.dry_run) return dry_run(flags, suite, options, invocation);

  const RunSummary summary = run_suite(suite, options);
  if (summary.interrupted_by != 0) {
    invocation.err << fmt::format(
        "interrupted after {} items; start the same command again to continue\n", summary.items);
    return interrupt_exit_code(summary.interrupted_by);
  }
  std::string report;
  if (!flags.no_report) {
    ReportOptions report_options;
    report_options.seed = suite.statistics.seed;
    report = write_report(summary.directory, report_options);
  }
  if (flags.common.json) {
    invocation.out << read_file(summary.directory + "/results.json");
  } else {
    invocation.out << format_summary_table(summary.directory);
    if (!report.empty()) invocation.out << "\nreport: " << report << "\n";
  }
  if (summary.failed > 0) {
    invocation.err << fmt::format("{} of {} items failed; they are listed in {}/failures.jsonl\n",
                                  summary.failed, summary.items, summary.directory);
    return exit_code(ErrorKind::kPartial);
  }
  return 0;
}

}  // namespace

void add_run_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "run", "Run a suite: videos in, scores and a report out; resumable at any moment");
  auto flags = std::make_shared<RunFlags>();
  flags->suite.add(*command);
  flags->common.add_json(*command);
  flags->common.add_execution(*command);
  flags->common.add_verbose(*command);
  flags->common.add_device(*command);
  command->add_option("--out", flags->out, "Directory for the results")
      ->required()
      ->type_name("DIR");
  command
      ->add_option(
          "--batch", flags->batch,
          "Frames in work at a time, and decoded ahead; fewer than threads leave some idle. Never "
          "changes a value")
      ->check(CLI::Range(1, 4096))
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--cache", flags->cache,
                   "Embedding store shared between runs (default: OUT/store)")
      ->type_name("DIR");
  command
      ->add_option("--shard", flags->shard,
                   "Only this part of the items: INDEX from 0, or auto (Slurm array, MPI rank). "
                   "merge joins the parts")
      ->type_name("INDEX/COUNT");
  command->add_flag("--resume", flags->resume,
                    "Continue a run that was interrupted (always done; for clarity in scripts)");
  command->add_flag("--overwrite", flags->overwrite,
                    "Replace another run in OUT (embeddings already made are used again)");
  command->add_flag(
      "--dry-run", flags->dry_run,
      "Measure a few items and print the expected time, memory and disk; keep nothing");
  command->add_flag("--no-report", flags->no_report, "Write no report.html");
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] { return execute(*flags, invocation); };
  });
}

void add_merge_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "merge", "Join the shards of a run, proving that no item is missing or doubled");
  struct Flags {
    std::vector<std::string> shards;
    std::string out;
    bool overwrite = false;
    CommonFlags common;
  };
  auto flags = std::make_shared<Flags>();
  command
      ->add_option("shards", flags->shards, "Shard directories, or the directory that holds them")
      ->required();
  command->add_option("--out", flags->out, "Directory for the merged run")
      ->required()
      ->type_name("DIR");
  command->add_flag("--overwrite", flags->overwrite, "Replace another run in OUT");
  flags->common.add_json(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      const RunSummary summary = merge_runs(flags->shards, flags->out, flags->overwrite);
      const std::string report = write_report(summary.directory);
      if (flags->common.json) {
        invocation.out << read_file(summary.directory + "/results.json");
      } else {
        invocation.out << format_summary_table(summary.directory) << "\nreport: " << report << "\n";
      }
      return summary.failed > 0 ? exit_code(ErrorKind::kPartial) : 0;
    };
  });
}

}  // namespace physprobe
