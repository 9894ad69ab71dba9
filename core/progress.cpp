#include "physprobe/core/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <unistd.h>
#include <utility>

namespace physprobe {

namespace {

using Seconds = std::chrono::duration<double>;

constexpr Seconds kBarInterval{0.1};
constexpr Seconds kLineInterval{30.0};
constexpr int64_t kLinePercent = 10;
constexpr int64_t kBarWidth = 24;

}  // namespace

std::string format_duration(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

Progress::Progress(std::string label, int64_t total, ProgressMode mode)
    : label_(std::move(label)),
      total_(total),
      mode_(mode),
      start_(std::chrono::steady_clock::now()),
      last_print_(start_) {
  if (mode_ == ProgressMode::kAuto) {
    mode_ = ::isatty(STDERR_FILENO) != 0 ? ProgressMode::kBar : ProgressMode::kLines;
  }
}

Progress::~Progress() {
  // An exception is passing: leave the bar's line so that the message starts on its own.
  if (!finished_ && mode_ == ProgressMode::kBar && printed_percent_ >= 0) std::fputc('\n', stderr);
}

void Progress::update(int64_t done, const std::string& note) {
  if (mode_ == ProgressMode::kNone || finished_) return;
  const auto now = std::chrono::steady_clock::now();
  const int64_t percent = total_ > 0 ? 100 * std::min(done, total_) / total_ : 100;
  const Seconds since_print = now - last_print_;
  const bool is_complete = done >= total_;
  if (mode_ == ProgressMode::kBar) {
    if (printed_percent_ >= 0 && !is_complete && since_print < kBarInterval) return;
  } else if (!is_complete && since_print < kLineInterval &&
             percent / kLinePercent <= std::max<int64_t>(printed_percent_, 0) / kLinePercent) {
    return;
  } else if (is_complete && printed_percent_ == 100) {
    return;
  }
  const double elapsed = Seconds(now - start_).count();
  const double rate = elapsed > 0.0 ? static_cast<double>(done) / elapsed : 0.0;
  std::string text = fmt::format("{} {}/{} ({} %)", label_, done, total_, percent);
  if (rate > 0.0) {
    text += fmt::format(", {:.{}f}/s", rate, rate < 10.0 ? 2 : 0);
    if (!is_complete) {
      text += ", " + format_duration(static_cast<double>(total_ - done) / rate) + " left";
    }
  }
  if (is_complete) text += ", took " + format_duration(elapsed);
  if (!note.empty()) text += ", " + note;
  if (mode_ == ProgressMode::kBar) {
    const int64_t filled = percent * kBarWidth / 100;
    text = "[" + std::string(static_cast<std::size_t>(filled), '#') +
           std::string(static_cast<std::size_t>(kBarWidth - filled), '.') + "] " + text;
    fmt::print(stderr, "\r{}\x1b[K", text);
    std::fflush(stderr);
  } else {
    fmt::print(stderr, "{}\n", text);
  }
  printed_percent_ = percent;
  last_print_ = now;
}

void Progress::finish() {
  if (finished_) return;
  if (mode_ == ProgressMode::kBar && printed_percent_ >= 0) std::fputc('\n', stderr);
  finished_ = true;
}

}  // namespace physprobe
