#include "physprobe/cli/cli.h"

#include <csignal>
#include <iostream>

int main(int argc, char** argv) {
  // A reader that goes away and a limit on file sizes show as failed writes, which are handled
  // where they happen. Commands that can stop in good order install their own handlers.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return physprobe::run_command_line(std::vector<std::string>(argv + 1, argv + argc), std::cout,
                                     std::cerr);
}
