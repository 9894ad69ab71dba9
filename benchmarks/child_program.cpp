#include "physprobe/benchmarks/child_program.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace physprobe {

std::string this_program() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

int run_quietly(std::vector<std::string> words, int64_t* peak_bytes) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failed =
      posix_spawnp(&child, words.front().c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  rusage usage{};
  if (failed != 0 || wait4(child, &status, 0, &usage) != child) return -1;
  constexpr int64_t kKilobyte = 1024;  // Linux counts the peak in these
  if (peak_bytes != nullptr) *peak_bytes = kKilobyte * usage.ru_maxrss;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

double logged_peak_mb(const std::string& out) {
  const std::string log = read_file(out + "/log.txt");
  const std::string words = "peak memory ";
  const std::size_t at = log.rfind(words);
  if (at == std::string::npos)
    throw Error(ErrorKind::kInput, out + "/log.txt", "does not say the peak of its memory");
  return std::strtod(log.c_str() + at + words.size(), nullptr);
}

}  // namespace physprobe
