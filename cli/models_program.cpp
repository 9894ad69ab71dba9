#include "physprobe/cli/models_program.h"

#include "physprobe/core/error.h"

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <unistd.h>

namespace physprobe {

int become_models_program(char** argv) {
  namespace fs = std::filesystem;
  std::error_code failure;
  const fs::path folder = fs::read_symlink("/proc/self/exe", failure).parent_path();
  const fs::path beside = folder / "physprobe-models";
  const fs::path installed = (folder / PHYSPROBE_MODELS_PROGRAM).lexically_normal();
  const fs::path& program = fs::exists(beside, failure) ? beside : installed;
  ::execv(program.c_str(), argv);
  const int code = errno;
  std::cerr << "error: " << program.string()
            << ": cannot be started: " << std::generic_category().message(code)
            << "; it holds every command that computes with a model and has to stand there, or as "
            << beside.string() << ": install physprobe again\n";
  return exit_code(ErrorKind::kResource);
}

}  // namespace physprobe
