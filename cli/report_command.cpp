#include "physprobe/cli/command.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/directory_lock.h"
#include "physprobe/eval/run_directory.h"
#include "physprobe/report/pair_report.h"
#include "physprobe/report/report.h"

#include <filesystem>
#include <memory>
#include <optional>

namespace physprobe {

void add_report_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("report", "Render the report of a finished run again");
  struct Flags {
    std::string run;
    ReportOptions options;
  };
  auto flags = std::make_shared<Flags>();
  command->add_option("run", flags->run, "Run directory")->required();
  command->add_option("--max-bytes", flags->options.max_bytes, "Size limit of report.html")
      ->capture_default_str();
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      // What is no finished run is refused below, before anything is written.
      std::optional<DirectoryLock> lock;
      if (std::filesystem::exists(RunPaths(flags->run).complete)) {
        lock.emplace(flags->run);
        remove_leftover_temporaries(flags->run);
      }
      invocation.out << (is_pair_run(flags->run) ? write_pair_report(flags->run)
                                                 : write_report(flags->run, flags->options))
                     << "\n";
      return 0;
    };
  });
}

}  // namespace physprobe
