#pragma once
// What was wrong with a command line, in words: the subcommand or flag that does not exist, with
// the nearest names that do.

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace physprobe {

struct UsageError {
  std::string command;  ///< As far as it was understood: "physprobe memory".
  std::string message;  ///< One sentence.
};

/// Explains why `arguments` were refused by `app` with `error`.
UsageError explain_usage_error(const CLI::App& app,
                               const std::vector<std::string>& arguments,
                               const CLI::ParseError& error);

}  // namespace physprobe
