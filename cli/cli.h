#pragma once
// The whole command line as one function, so that exit codes and help texts are tested in process.

#include <ostream>
#include <string>
#include <vector>

namespace physprobe {

/// Runs "physprobe ARGUMENTS…" (without the program's name). Returns the exit code (docs/cli.md);
/// never throws.
int run_command_line(const std::vector<std::string>& arguments,
                     std::ostream& out,
                     std::ostream& err);

/// Names of all subcommands, for tests that go through every help text.
std::vector<std::string> subcommand_names();

}  // namespace physprobe
