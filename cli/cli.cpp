#include "physprobe/cli/cli.h"

#include "physprobe/cli/command.h"
#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"

#include <fmt/format.h>

#include <new>

namespace physprobe {
namespace {

using AddCommand = void (*)(CLI::App&, Invocation&);

const std::vector<AddCommand>& commands() {
  static const std::vector<AddCommand> list = {
      add_run_command,    add_embed_command,   add_memory_command, add_probe_command,
      add_worlds_command, add_report_command,  add_merge_command,  add_validate_command,
      add_verify_command, add_inspect_command, add_list_command,   add_config_command,
      add_doctor_command, add_bench_command,   add_version_command,
      add_score_command,  add_compare_command};
  return list;
}

void build(CLI::App& app, Invocation& invocation) {
  app.name("physprobe");
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  for (const AddCommand add : commands()) add(app, invocation);
}

/// The first argument that is no subcommand, with the nearest names.
std::string unknown_command(const CLI::App& app, const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front().empty() || arguments.front()[0] == '-') return "";
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  for (const std::string& name : names) {
    if (name == arguments.front()) return "";
  }
  return fmt::format("'{}' is no subcommand{}", arguments.front(),
                     did_you_mean(arguments.front(), names));
}

}  // namespace

std::vector<std::string> subcommand_names() {
  std::ostringstream nowhere;
  Invocation invocation{nowhere, nowhere, {}, {}};
  CLI::App app;
  build(app, invocation);
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

int run_command_line(const std::vector<std::string>& arguments,
                     std::ostream& out,
                     std::ostream& err) {
  Invocation invocation{out, err, arguments, {}};
  try {
    CLI::App app("Probes the representation space of video models for intuitive physics");
    build(app, invocation);
    try {
      std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
      app.parse(std::move(reversed));
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app.exit(error, out, err);  // --help
      const std::string unknown = unknown_command(app, arguments);
      err << "error: " << (unknown.empty() ? std::string(error.what()) : unknown)
          << "\nRun with --help for the usage.\n";
      return exit_code(ErrorKind::kUsage);
    }
    const int code = invocation.action();
    out.flush();
    return code;
  } catch (const Error& error) {
    err << "error: " << error.what() << "\n";
    return exit_code(error.kind());
  } catch (const std::bad_alloc&) {
    err << "error: out of memory; try fewer --threads or a smaller model\n";
    return exit_code(ErrorKind::kResource);
  } catch (const std::exception& error) {
    err << "internal error: " << error.what()
        << "\nThis is a defect of physprobe; please report it with the command line.\n";
    return exit_code(ErrorKind::kInternal);
  }
}

}  // namespace physprobe
