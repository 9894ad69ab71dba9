#pragma once
// Shell commands in tests: what they wrote to standard output, and how they ended.

#include <cstdio>
#include <string>
#include <sys/wait.h>

namespace physprobe::testing {

struct ShellOutcome {
  int code;  ///< 128 if it did not end by itself.
  std::string text;
};

inline ShellOutcome shell(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  char buffer[4096];
  for (std::size_t n = fread(buffer, 1, sizeof buffer, pipe); n > 0;
       n = fread(buffer, 1, sizeof buffer, pipe))
    text.append(buffer, n);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128, text};
}

}  // namespace physprobe::testing
