#include "physprobe/benchmarks/child_program.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace physprobe {
namespace {

/// Reads a child's peak of resident memory until it ends. Not from wait4: what it reports includes
/// the peak of the process that started the child.
void watch_peak(pid_t child, int64_t& bytes) {
  const std::string path = "/proc/" + std::to_string(child) + "/status";
  for (bool is_running = true; is_running;) {
    siginfo_t state{};
    is_running =
        waitid(P_PID, static_cast<id_t>(child), &state, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        state.si_pid == 0;
    std::ifstream lines(path);
    for (std::string line; std::getline(lines, line);) {
      constexpr int64_t kKilobyte = 1024;
      if (line.rfind("VmHWM:", 0) == 0) {
        bytes = std::max<int64_t>(bytes, kKilobyte * std::atoll(line.c_str() + 6));
      }
    }
    usleep(2000);
  }
}

}  // namespace

std::string this_program() {
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  for (const char* started : {"physprobe", "../../bin/physprobe"}) {
    const std::filesystem::path program = (self.parent_path() / started).lexically_normal();
    if (std::filesystem::exists(program)) return program.string();
  }
  return self.string();
}

int run_quietly(std::vector<std::string> words, int64_t* peak_bytes) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
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
  if (failed != 0) return -1;
  if (peak_bytes != nullptr) watch_peak(child, *peak_bytes);
  if (waitpid(child, &status, 0) != child) return -1;
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
