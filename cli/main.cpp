// `physprobe`: what needs no LibTorch runs here, at once and in little memory; everything else in
// physprobe-models, which takes this process over.

#include "physprobe/cli/application.h"
#include "physprobe/cli/base_commands.h"
#include "physprobe/cli/models_program.h"

#include <iostream>

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!physprobe::is_base_command(arguments)) return physprobe::become_models_program(argv);
  physprobe::prepare_process(physprobe::kClipAfterClip);
  return physprobe::run_application(physprobe::base_commands(), arguments, std::cout, std::cerr);
}
