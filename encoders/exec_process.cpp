#include "physprobe/encoders/exec_process.h"

#include "physprobe/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

extern char** environ;

namespace physprobe {
namespace {

constexpr std::size_t kTailBytes = 16384;
constexpr std::size_t kTailLines = 20;
constexpr int kPipeBytes = 1 << 20;  // one frame at 224 is 0.6 MB; the default is 64 KiB
constexpr double kGraceSeconds = 5.0;

[[noreturn]] void refuse(const std::string& command, const std::string& action, int error) {
  throw Error(ErrorKind::kResource, command, "cannot " + action + ": " + std::strerror(error));
}

void close_descriptor(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

struct Pipe {
  explicit Pipe(const std::string& command) {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) refuse(command, "make a pipe", errno);
    // A larger pipe is faster; where the system has none left the usual one does.
    fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);
  }
  ~Pipe() {
    for (int& end : ends) close_descriptor(end);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int release(std::size_t end) { return std::exchange(ends[end], -1); }
  std::array<int, 2> ends = {-1, -1};
};

/// The write to a pipe that nobody reads raises SIGPIPE, which ends a host program that did not
/// arrange for it: held back for the duration of one write, and taken if it is ours.
ssize_t write_quietly(int descriptor, const char* data, std::size_t size) {
  sigset_t pipe_signal;
  sigset_t pending;
  sigset_t before;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  sigpending(&pending);
  const bool was_pending = sigismember(&pending, SIGPIPE) == 1;
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const ssize_t written = write(descriptor, data, size);
  const int error = errno;
  if (written < 0 && error == EPIPE && !was_pending) {
    const timespec at_once{0, 0};
    while (sigtimedwait(&pipe_signal, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return written;
}

/// Reads once. False at the end of the stream.
template <typename Take>
bool read_some(int descriptor, const Take& take) {
  std::array<char, 65536> buffer{};
  const ssize_t count = read(descriptor, buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (count == 0) return false;
  take(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
  return true;
}

int poll_milliseconds(Deadline deadline) {
  if (deadline == Deadline::max()) return -1;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count() + 1, 0, 1'000'000'000));
}

/// This program's environment with `variables` in place of those of the same names; ends in a null.
std::vector<char*> with_variables(std::vector<std::string>& variables) {
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('=') + 1);
    const bool is_replaced =
        std::any_of(variables.begin(), variables.end(),
                    [&](const std::string& own) { return own.rfind(name, 0) == 0; });
    if (!is_replaced) environment.push_back(*entry);
  }
  for (std::string& own : variables) environment.push_back(own.data());
  environment.push_back(nullptr);
  return environment;
}

}  // namespace

Deadline deadline_after(double seconds) {
  if (seconds <= 0.0) return Deadline::max();
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<Deadline::duration>(std::chrono::duration<double>(seconds));
}

void LastLines::add(std::string_view text) {
  text_ += text;
  if (text_.size() > 2 * kTailBytes) text_.erase(0, text_.size() - kTailBytes);
}

std::string LastLines::quoted() const {
  std::vector<std::string> lines;
  std::string line;
  for (const char c : text_ + "\n") {
    if (c != '\n' && c != '\r') {
      line += c;
      continue;
    }
    // A progress bar rewrites its line with \r; each state is a line here.
    if (!line.empty()) lines.push_back(line);
    line.clear();
  }
  if (lines.empty()) return "; it wrote nothing on standard error";
  std::string quoted = "; its last lines on standard error:";
  const std::size_t first = lines.size() > kTailLines ? lines.size() - kTailLines : 0;
  for (std::size_t i = first; i < lines.size(); ++i) quoted += "\n  | " + lines[i];
  return quoted;
}

ExecProcess::ExecProcess(const std::string& command, const std::vector<std::string>& variables) {
  Pipe input(command);
  Pipe output(command);
  Pipe errors(command);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.ends[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.ends[1], STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t ignored_here;  // this program ignores them, which a child would inherit
  sigemptyset(&ignored_here);
  sigaddset(&ignored_here, SIGPIPE);
  sigaddset(&ignored_here, SIGXFSZ);
  posix_spawnattr_setsigdefault(&attributes, &ignored_here);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  std::string shell = "sh";
  std::string option = "-c";
  std::string line = command;
  std::vector<std::string> own = variables;
  const std::vector<char*> environment = with_variables(own);
  const std::array<char*, 4> arguments = {shell.data(), option.data(), line.data(), nullptr};
  const int error =
      posix_spawn(&pid_, "/bin/sh", &actions, &attributes, arguments.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) refuse(command, "be started", error);
  to_child_ = input.release(1);
  from_child_ = output.release(0);
  errors_ = errors.release(0);
  for (const int descriptor : {to_child_, from_child_, errors_})
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

ExecProcess::~ExecProcess() {
  close_descriptor(to_child_);
  if (!has_ended_) wait_for_end(kGraceSeconds);
  kill();
  close_descriptor(from_child_);
  close_descriptor(errors_);
}

ExecProcess::Outcome ExecProcess::exchange(std::string_view& unsent,
                                           std::size_t wanted,
                                           Deadline deadline) {
  while (!unsent.empty() || received_.size() < wanted) {
    if (from_child_ < 0) return Outcome::kClosed;  // nothing is left to wait for
    std::array<pollfd, 3> watched = {{{unsent.empty() ? -1 : to_child_, POLLOUT, 0},
                                      {from_child_, POLLIN, 0},
                                      {errors_, POLLIN, 0}}};
    const int ready = poll(watched.data(), watched.size(), poll_milliseconds(deadline));
    if (ready < 0 && errno != EINTR) return Outcome::kClosed;
    if (ready <= 0) {
      if (std::chrono::steady_clock::now() >= deadline) return Outcome::kTimeout;
      continue;
    }
    if (watched[2].revents != 0 &&
        !read_some(errors_, [&](std::string_view text) { last_lines_.add(text); })) {
      close_descriptor(errors_);
    }
    if (watched[1].revents != 0 &&
        !read_some(from_child_, [&](std::string_view text) { received_ += text; })) {
      close_descriptor(from_child_);
    }
    if (watched[0].revents != 0) {
      const ssize_t written = write_quietly(to_child_, unsent.data(), unsent.size());
      if (written >= 0) unsent.remove_prefix(static_cast<std::size_t>(written));
      if (written < 0 && errno != EAGAIN && errno != EINTR) return Outcome::kClosed;
    }
  }
  return Outcome::kOk;
}

ExecProcess::Outcome ExecProcess::send(std::string_view bytes, Deadline deadline) {
  return exchange(bytes, 0, deadline);
}

ExecProcess::Outcome ExecProcess::receive(std::size_t size, Deadline deadline) {
  std::string_view nothing;
  return exchange(nothing, size, deadline);
}

bool ExecProcess::wait_for_end(double seconds) {
  const Deadline deadline = deadline_after(seconds);
  while (!has_ended_) {
    const pid_t ended = waitpid(pid_, &status_, WNOHANG);
    if (ended == pid_ || (ended < 0 && errno != EINTR)) {
      has_ended_ = true;
      ::kill(-pid_, SIGKILL);  // what it started itself and left behind
      break;
    }
    if (std::chrono::steady_clock::now() >= deadline) return false;
    // It may be waiting for room to say something.
    for (int* stream : {&from_child_, &errors_}) {
      if (*stream >= 0 && !read_some(*stream, [&](std::string_view text) {
            if (stream == &errors_) last_lines_.add(text);
          })) {
        close_descriptor(*stream);
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

void ExecProcess::kill() {
  if (has_ended_) return;
  ::kill(-pid_, SIGKILL);  // also what it started itself
  while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
  has_ended_ = true;
}

std::string ExecProcess::end_description() {
  if (!wait_for_end(2.0)) {
    kill();
    return "closed its output without ending";
  }
  // A shell that is still there between hands a signal on as its exit code, 128 higher.
  constexpr int kShellSignal = 128;
  const bool is_signal = WIFSIGNALED(status_);
  const int code = is_signal ? WTERMSIG(status_) : WEXITSTATUS(status_);
  if (is_signal || (code > kShellSignal && code < kShellSignal + NSIG)) {
    const int number = is_signal ? code : code - kShellSignal;
    return fmt::format("was ended by signal {} ({})", number, strsignal(number));
  }
  return fmt::format("ended with exit code {}", code);
}

std::string ExecProcess::last_error_lines() {
  while (errors_ >= 0) {
    pollfd watched{errors_, POLLIN, 0};
    if (poll(&watched, 1, 0) <= 0) break;
    if (!read_some(errors_, [&](std::string_view text) { last_lines_.add(text); }))
      close_descriptor(errors_);
  }
  return last_lines_.quoted();
}

}  // namespace physprobe
