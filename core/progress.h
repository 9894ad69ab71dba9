#pragma once
// Progress on stderr: a bar on a terminal, plain lines (every 10 % or 30 s) otherwise.

#include <chrono>
#include <cstdint>
#include <string>

namespace physprobe {

enum class ProgressMode { kAuto, kBar, kLines, kNone };

/// "12 s", "3 min 05 s", "2 h 10 min"; to the nearest second.
std::string format_duration(double seconds);

/// Not thread-safe; one per loop. Prints done/total, rate and time left.
class Progress {
 public:
  Progress(std::string label, int64_t total, ProgressMode mode = ProgressMode::kAuto);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// `done` items finished so far; `note` is shown at the end of the line ("3 failed").
  void update(int64_t done, const std::string& note = "");
  void finish();

 private:
  std::string label_;
  int64_t total_;
  ProgressMode mode_;
  int64_t printed_percent_ = -1;
  bool finished_ = false;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_print_;
};

}  // namespace physprobe
