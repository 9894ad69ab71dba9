#include "physprobe/cli/cli.h"
#include "physprobe/core/interrupt.h"

#include <iostream>

int main(int argc, char** argv) {
  physprobe::install_interrupt_handlers();
  return physprobe::run_command_line(std::vector<std::string>(argv + 1, argv + argc), std::cout,
                                     std::cerr);
}
