// `physprobe-models`: every command. Started by `physprobe`.

#include "physprobe/cli/application.h"
#include "physprobe/cli/cli.h"

#include <iostream>

int main(int argc, char** argv) {
  physprobe::prepare_process(physprobe::kLargeBlocks);
  return physprobe::run_command_line(std::vector<std::string>(argv + 1, argv + argc), std::cout,
                                     std::cerr);
}
