#pragma once
// Runs a command line in process and keeps what it answered.

#include "physprobe/cli/cli.h"

#include <sstream>
#include <string>
#include <vector>

namespace physprobe::testing {

struct CliOutcome {
  int code = -1;
  std::string out;
  std::string err;
};

inline CliOutcome run_cli(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = run_command_line(arguments, out, err);
  return {code, out.str(), err.str()};
}

/// "memory build" as two arguments.
inline std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> list;
  for (std::string word; in >> word;) list.push_back(word);
  return list;
}

}  // namespace physprobe::testing
