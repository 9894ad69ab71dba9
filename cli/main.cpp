#include "physprobe/cli/cli.h"

#include <csignal>
#include <iostream>
#include <malloc.h>

int main(int argc, char** argv) {
  // A reader that goes away and a limit on file sizes show as failed writes, which are handled
  // where they happen. Commands that can stop in good order install their own handlers.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  // Weights and frames lie in mappings of their own, so that what is freed goes back at once. Left
  // alone, glibc moves this bound up with every block that is freed, and what a checkpoint was read
  // into stayed beside the weights made of it: 0.6 GB of 2.5.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  return physprobe::run_command_line(std::vector<std::string>(argv + 1, argv + argc), std::cout,
                                     std::cerr);
}
