#include "physprobe/cli/application.h"

#include "physprobe/cli/help_formatter.h"
#include "physprobe/cli/usage_error.h"
#include "physprobe/core/error.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <malloc.h>
#include <memory>
#include <new>
#include <poll.h>
#include <system_error>
#include <unistd.h>

namespace physprobe {
namespace {

/// Every command takes -q and -v; most say nothing but results and errors anyway.
void add_everywhere(CLI::App& app) {
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  for (CLI::App* command : commands) add_everywhere(*command);
  if (!commands.empty()) return;
  if (app.get_option_no_throw("--quiet") == nullptr)
    app.add_flag("-q,--quiet", "Results and errors only");
  if (app.get_option_no_throw("--verbose") == nullptr)
    app.add_flag("-v,--verbose", "Tell of steps on stderr");
}

void build(const std::vector<AddCommand>& commands, CLI::App& app, Invocation& invocation) {
  app.name("physprobe");
  app.require_subcommand(1);
  app.formatter(std::make_shared<HelpFormatter>());
  for (const AddCommand add : commands) add(app, invocation);
  add_everywhere(app);
}

void add_names(const CLI::App& app, const std::string& prefix, std::vector<std::string>& names) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(prefix + command->get_name());
    add_names(*command, names.back() + " ", names);
  }
}

/// Memory that could not be had, as LibTorch's allocator words it.
bool is_out_of_memory(const std::exception& error) {
  return std::strstr(error.what(), "can't allocate memory") != nullptr ||
         std::strstr(error.what(), "not enough memory") != nullptr;
}

/// A reader that went away (`| head`) is no failure; a full disk is.
bool has_closed_reader(int descriptor) {
  pollfd state{descriptor, POLLOUT, 0};
  return poll(&state, 1, 0) == 1 && (state.revents & POLLERR) != 0;
}

int out_of_memory(std::ostream& err) {
  err << "error: out of memory; free some, or use fewer --threads or a smaller model\n";
  return exit_code(ErrorKind::kResource);
}

}  // namespace

std::vector<std::string> with_leading_flags_last(const std::vector<std::string>& arguments) {
  const auto holds_everywhere = [](const std::string& argument) {
    return argument == "-q" || argument == "--quiet" || argument == "-v" || argument == "--verbose";
  };
  const auto command = std::find_if_not(arguments.begin(), arguments.end(), holds_everywhere);
  if (command == arguments.end()) return arguments;
  std::vector<std::string> ordered(command, arguments.end());
  const auto end = std::find(ordered.begin(), ordered.end(), "--");
  ordered.insert(end, arguments.begin(), command);
  return ordered;
}

std::vector<std::string> subcommand_names(const std::vector<AddCommand>& commands) {
  std::ostringstream nowhere;
  Invocation invocation{nowhere, nowhere, {}, {}};
  CLI::App app;
  build(commands, app, invocation);
  std::vector<std::string> names;
  add_names(app, "", names);
  return names;
}

int run_application(const std::vector<AddCommand>& commands,
                    const std::vector<std::string>& given,
                    std::ostream& out,
                    std::ostream& err) {
  const std::vector<std::string> arguments = with_leading_flags_last(given);
  Invocation invocation{out, err, given, {}};
  try {
    CLI::App app("Probes the representation space of video models for intuitive physics");
    build(commands, app, invocation);
    try {
      std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
      app.parse(std::move(reversed));
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app.exit(error, out, err);  // --help
      const UsageError usage = explain_usage_error(app, arguments, error);
      err << "error: " << usage.message << "\nRun '" << usage.command
          << " --help' for the usage.\n";
      return exit_code(ErrorKind::kUsage);
    }
    const int code = invocation.action();
    out.flush();
    if (!out && !has_closed_reader(STDOUT_FILENO)) {
      throw Error(ErrorKind::kResource, "standard output", "cannot be written; is the disk full?");
    }
    return code;
  } catch (const Error& error) {
    err << "error: " << error.what() << "\n";
    return exit_code(error.kind());
  } catch (const std::bad_alloc&) {
    return out_of_memory(err);
  } catch (const std::filesystem::filesystem_error& error) {
    // A path that may not be looked at, in a folder of someone else; writers report theirs as
    // Error.
    err << "error: " << error.path1().string() << ": " << error.code().message()
        << "; check the path and its permissions\n";
    return exit_code(ErrorKind::kInput);
  } catch (const std::system_error& error) {
    err << "error: the system refused a resource: " << error.what()
        << "; see its limits with `ulimit -a`\n";
    return exit_code(ErrorKind::kResource);
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) return out_of_memory(err);
    err << "internal error: " << error.what()
        << "\nThis is a defect of physprobe; please report it with the command line.\n";
    return exit_code(ErrorKind::kInternal);
  }
}

void prepare_process(const MemoryHabits& memory) {
  // A reader that goes away and a limit on file sizes show as failed writes, which are handled
  // where they happen. Commands that can stop in good order install their own handlers.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  // Left alone, glibc moves this bound up with every block that is freed, and what a checkpoint was
  // read into stayed beside the weights made of it: 0.6 GB of 2.5.
  mallopt(M_MMAP_THRESHOLD, memory.own_mapping_bytes);
  mallopt(M_TRIM_THRESHOLD, memory.kept_bytes);
}

}  // namespace physprobe
