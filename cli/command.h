#pragma once
// What every subcommand shares: the flags common to all, where output goes, and how a command is
// registered. Results go to `out` only; logs, progress and errors to `err`.

#include "physprobe/core/progress.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace physprobe {

struct Invocation {
  std::ostream& out;
  std::ostream& err;
  std::vector<std::string> arguments;  ///< As given, for run.json.
  std::function<int()> action;  ///< Set by the subcommand that was chosen; returns the exit code.
};

/// Flags that many subcommands take; each adds those it honours.
struct CommonFlags {
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  int threads = 0;
  std::string device;
  std::string progress = "auto";

  void add_json(CLI::App& app);
  void add_execution(CLI::App& app);  ///< --threads, --progress, -q
  void add_verbose(CLI::App& app);
  void add_device(CLI::App& app);
  /// Where a command tells of its steps: `err` with -v, nowhere otherwise.
  std::function<void(const std::string&)> narrator(std::ostream& err) const;
  ProgressMode progress_mode() const;
};

/// Checks of a flag's number that say what they expect; CLI11's own print its largest double.
CLI::Validator above_zero();
CLI::Validator zero_or_more();

void add_run_command(CLI::App& app, Invocation& invocation);
void add_embed_command(CLI::App& app, Invocation& invocation);
void add_memory_command(CLI::App& app, Invocation& invocation);
void add_probe_command(CLI::App& app, Invocation& invocation);
void add_worlds_command(CLI::App& app, Invocation& invocation);
void add_validate_command(CLI::App& app, Invocation& invocation);
void add_verify_command(CLI::App& app, Invocation& invocation);
void add_compare_command(CLI::App& app, Invocation& invocation);
void add_score_command(CLI::App& app, Invocation& invocation);
void add_submit_command(CLI::App& app, Invocation& invocation);
void add_report_command(CLI::App& app, Invocation& invocation);
void add_merge_command(CLI::App& app, Invocation& invocation);
void add_inspect_command(CLI::App& app, Invocation& invocation);
void add_parity_command(CLI::App& app, Invocation& invocation);
void add_weights_command(CLI::App& app, Invocation& invocation);
void add_convert_command(CLI::App& app, Invocation& invocation);
void add_list_command(CLI::App& app, Invocation& invocation);
void add_config_command(CLI::App& app, Invocation& invocation);
void add_doctor_command(CLI::App& app, Invocation& invocation);
void add_bench_command(CLI::App& app, Invocation& invocation);
void add_version_command(CLI::App& app, Invocation& invocation);

}  // namespace physprobe
