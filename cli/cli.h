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

/// Every subcommand in the order of the help text, nested ones after their parent ("memory",
/// "memory build"), for tests that go through all of them.
std::vector<std::string> subcommand_names();

}  // namespace physprobe
