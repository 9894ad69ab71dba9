#pragma once
// A child process that answers bytes with bytes: start, exchange with a time limit, what it said on
// standard error, an orderly end. Knows nothing of the protocol (exec_protocol.h). Internal.

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace physprobe {

/// How long an answer may take; 0 seconds: for ever.
using Deadline = std::chrono::steady_clock::time_point;
Deadline deadline_after(double seconds);

/// The tail of a stream of text: whole lines, the last ones only.
class LastLines {
 public:
  void add(std::string_view text);
  /// Up to twenty lines, each under "  | ", or a sentence that there are none.
  std::string quoted() const;

 private:
  std::string text_;
};

/// Not safe for use from several threads at once.
class ExecProcess {
 public:
  /// Starts `command` with /bin/sh, in a process group of its own (a Ctrl-C at the terminal reaches
  /// this program only, which then ends the child in good order). `variables` ("NAME=value") are
  /// added to its environment. Throws Error(kResource) when no process can be had.
  ExecProcess(const std::string& command, const std::vector<std::string>& variables);
  /// Closes the child's input and gives it a few seconds to end, then ends its process group.
  ~ExecProcess();
  ExecProcess(const ExecProcess&) = delete;
  ExecProcess& operator=(const ExecProcess&) = delete;

  enum class Outcome { kOk, kTimeout, kClosed };

  /// Sends all of `bytes` while taking in what the child says meanwhile, so that neither waits for
  /// the other. kClosed: it closed its input or ended.
  Outcome send(std::string_view bytes, Deadline deadline);
  /// Waits until `size` bytes of its output are there, in `received()`. kClosed: they will never
  /// be; `received()` holds what came.
  Outcome receive(std::size_t size, Deadline deadline);
  /// Output not yet taken.
  std::string_view received() const { return received_; }
  void drop_received() { received_.clear(); }

  /// Ends the process group at once.
  void kill();
  /// Waits up to two seconds for a child that closed its output, then kills it. Says how it ended:
  /// "ended with exit code 3", "was ended by signal 11 (Segmentation fault)".
  std::string end_description();
  /// What it wrote on standard error last.
  std::string last_error_lines();

 private:
  Outcome exchange(std::string_view& unsent, std::size_t wanted, Deadline deadline);
  bool wait_for_end(double seconds);

  pid_t pid_ = -1;
  int status_ = 0;
  bool has_ended_ = false;
  int to_child_ = -1;
  int from_child_ = -1;
  int errors_ = -1;
  std::string received_;
  LastLines last_lines_;
};

}  // namespace physprobe
