#include "physprobe/video/frame_window.h"

#include "physprobe/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace physprobe {

int64_t restrict_to_window(VideoInfo& info, const VideoOptions& options) {
  if (!options.start_seconds && !options.stop_seconds) return 0;
  const double start = options.start_seconds.value_or(std::min(0.0, info.begin_seconds));
  const double stop = options.stop_seconds.value_or(std::numeric_limits<double>::infinity());
  if (start >= info.end_seconds || stop <= info.begin_seconds) {
    throw Error(ErrorKind::kInput, info.path,
                fmt::format("no frame is shown in [{}, {}) s; the video covers [{:.6f}, {:.6f}) s",
                            start, stop, info.begin_seconds, info.end_seconds));
  }
  const auto first = std::max<int64_t>(0, frame_played_at(info, start));
  const auto last =
      std::lower_bound(info.pts_seconds.begin() + first, info.pts_seconds.end(), stop) -
      info.pts_seconds.begin();
  const auto cut = [&](std::vector<double>& values) {
    values = std::vector<double>(values.begin() + first, values.begin() + last);
  };
  cut(info.pts_seconds);
  cut(info.duration_seconds);
  for (std::size_t i = 0; i < info.pts_seconds.size(); ++i) {
    const double begin = std::max(info.pts_seconds[i], start);
    const double end = std::min(info.pts_seconds[i] + info.duration_seconds[i], stop);
    info.pts_seconds[i] = begin - start;
    info.duration_seconds[i] = std::max(0.0, end - begin);
  }
  return first;
}

void summarise_times(VideoInfo& info, double tick_seconds) {
  const std::vector<double>& pts = info.pts_seconds;
  info.frame_count = static_cast<int64_t>(pts.size());
  info.begin_seconds = pts.front();
  info.end_seconds = pts.front();
  for (std::size_t i = 0; i < pts.size(); ++i) {
    info.end_seconds = std::max(info.end_seconds, pts[i] + info.duration_seconds[i]);
  }
  info.fps =
      pts.size() < 2 ? 0.0 : static_cast<double>(pts.size() - 1) / (pts.back() - pts.front());
  double shortest = std::numeric_limits<double>::infinity();
  double longest = 0.0;
  for (std::size_t i = 1; i < pts.size(); ++i) {
    shortest = std::min(shortest, pts[i] - pts[i - 1]);
    longest = std::max(longest, pts[i] - pts[i - 1]);
  }
  // Rounding to ticks makes intervals of a constant rate differ by one.
  info.is_variable_rate = pts.size() > 2 && longest - shortest > 1.5 * tick_seconds;
}

}  // namespace physprobe
