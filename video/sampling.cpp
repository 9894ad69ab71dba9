#include "physprobe/video/sampling.h"

#include "physprobe/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

constexpr int64_t kMaxSamples = 10'000'000;

void require_frames(const VideoInfo& info) {
  if (info.frame_count < 1) {
    throw Error(ErrorKind::kInput, info.path, "has no frame to sample");
  }
}

void require_positive(const char* what, double value) {
  if (!(value > 0.0) || !std::isfinite(value)) {
    throw Error(ErrorKind::kUsage, what,
                fmt::format("is {}; it has to be a finite number above 0", value));
  }
}

int64_t count_distinct(const std::vector<int64_t>& indices) {
  int64_t distinct = 0;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (i == 0 || indices[i] != indices[i - 1]) ++distinct;
  }
  return distinct;
}

SampledFrames at_indices(const VideoInfo& info, std::vector<int64_t> indices) {
  SampledFrames sampled;
  sampled.times_seconds.reserve(indices.size());
  for (const int64_t index : indices) {
    sampled.times_seconds.push_back(info.pts_seconds[static_cast<std::size_t>(index)]);
  }
  sampled.indices = std::move(indices);
  sampled.n_distinct = count_distinct(sampled.indices);
  return sampled;
}

SampledFrames at_times(const VideoInfo& info, std::vector<double> times_seconds) {
  SampledFrames sampled;
  sampled.indices.reserve(times_seconds.size());
  for (const double t : times_seconds) sampled.indices.push_back(frame_played_at(info, t));
  sampled.times_seconds = std::move(times_seconds);
  sampled.n_distinct = count_distinct(sampled.indices);
  return sampled;
}

/// numerator / denominator to the nearest integer, ties to the even one; both non-negative.
int64_t divide_half_even(int64_t numerator, int64_t denominator) {
  const int64_t quotient = numerator / denominator;
  const int64_t twice_rest = 2 * (numerator % denominator);
  if (twice_rest > denominator) return quotient + 1;
  if (twice_rest == denominator) return quotient + (quotient % 2);
  return quotient;
}

}  // namespace

SampledFrames sample_all(const VideoInfo& info) {
  require_frames(info);
  std::vector<int64_t> indices(static_cast<std::size_t>(info.frame_count));
  for (int64_t i = 0; i < info.frame_count; ++i) indices[static_cast<std::size_t>(i)] = i;
  return at_indices(info, std::move(indices));
}

SampledFrames sample_uniform(const VideoInfo& info, int64_t n) {
  require_frames(info);
  if (n < 1) {
    throw Error(ErrorKind::kUsage, "sampling.n",
                fmt::format("is {}; uniform sampling needs at least 1", n));
  }
  std::vector<int64_t> indices;
  indices.reserve(static_cast<std::size_t>(n));
  if (n == 1) {
    indices.push_back(divide_half_even(info.frame_count - 1, 2));
  } else {
    for (int64_t i = 0; i < n; ++i) {
      indices.push_back(divide_half_even(i * (info.frame_count - 1), n - 1));
    }
  }
  return at_indices(info, std::move(indices));
}

SampledFrames sample_fps(const VideoInfo& info, double fps) {
  require_frames(info);
  require_positive("sampling.fps", fps);
  if (fps * (info.end_seconds - info.begin_seconds) > kMaxSamples) {
    throw Error(ErrorKind::kUsage, "sampling.fps",
                fmt::format("is {}; a video of {:.3f} s would give more than {} samples", fps,
                            info.end_seconds - info.begin_seconds, kMaxSamples));
  }
  std::vector<double> times_seconds;
  for (int64_t i = 0;; ++i) {
    const double t = info.begin_seconds + static_cast<double>(i) / fps;
    // A video whose last frame has no known duration still shows its first frame.
    if (i > 0 && t >= info.end_seconds) break;
    times_seconds.push_back(t);
  }
  return at_times(info, std::move(times_seconds));
}

SampledFrames sample_restrav(const VideoInfo& info, int64_t n, double window_seconds) {
  require_frames(info);
  if (n < 2) {
    throw Error(ErrorKind::kUsage, "sampling.n",
                fmt::format("is {}; ReStraV's scheme needs at least 2", n));
  }
  require_positive("sampling.window_seconds", window_seconds);

  // Steps a to c of the published pipeline: the duration counts from `begin`, the window from time
  // 0, and the step always spans the whole window, however short the video is. The reference
  // computes in float32.
  const double duration = info.end_seconds - info.begin_seconds;
  const double start = std::max(0.0, duration / 2.0 - window_seconds / 2.0);
  const double step = window_seconds / static_cast<double>(n - 1);
  if (!(duration > 0.0) || start < info.begin_seconds || start >= info.end_seconds) {
    throw Error(
        ErrorKind::kInput, info.path,
        fmt::format("ReStraV's window starts at {:.6f} s, outside the stream's [{:.6f}, {:.6f}) s; "
                    "use another sampling scheme (uniform, native) for this video",
                    start, info.begin_seconds, info.end_seconds));
  }
  const auto start32 = static_cast<float>(start);
  const auto end32 = static_cast<float>(info.end_seconds);
  std::vector<double> times_seconds;
  times_seconds.reserve(static_cast<std::size_t>(n));
  for (int64_t i = 0; i < n; ++i) {
    const auto offset32 = static_cast<float>(static_cast<double>(i) * step);
    const float t = start32 + offset32;
    if (t < end32) {
      times_seconds.push_back(static_cast<double>(t));
    } else if (!times_seconds.empty()) {
      times_seconds.push_back(times_seconds.back());  // "repeat_last"
    } else {
      times_seconds.push_back(start);  // start rounded up to the end in float32
    }
  }
  return at_times(info, std::move(times_seconds));
}

SampledFrames sample_native(const VideoInfo& info, int64_t n) {
  require_frames(info);
  if (n < 1) {
    throw Error(ErrorKind::kUsage, "sampling.n",
                fmt::format("is {}; native sampling needs at least 1", n));
  }
  if (n > info.frame_count) {
    throw Error(
        ErrorKind::kInput, info.path,
        fmt::format(
            "has {} frames, native sampling needs {}; lower sampling.n or leave the video out",
            info.frame_count, n));
  }
  const int64_t first = (info.frame_count - n) / 2;
  std::vector<int64_t> indices;
  indices.reserve(static_cast<std::size_t>(n));
  for (int64_t i = 0; i < n; ++i) indices.push_back(first + i);
  return at_indices(info, std::move(indices));
}

void SamplingSpec::validate() const {
  if (scheme != "all" && scheme != "uniform" && scheme != "fps" && scheme != "restrav" &&
      scheme != "native") {
    throw Error(ErrorKind::kUsage, "sampling.scheme",
                fmt::format("is '{}'; expected all, uniform, fps, restrav or native", scheme));
  }
  const int64_t least = scheme == "restrav" ? 2 : 1;
  if ((scheme == "uniform" || scheme == "restrav" || scheme == "native") &&
      (n < least || n > 1'000'000)) {
    throw Error(ErrorKind::kUsage, "sampling.n",
                fmt::format("is {}; scheme {} accepts {} to 1000000", n, scheme, least));
  }
  if (scheme == "fps") require_positive("sampling.fps", fps);
  if (scheme == "restrav") require_positive("sampling.window_seconds", window_seconds);
}

std::string SamplingSpec::canonical() const {
  if (scheme == "fps") return fmt::format("scheme=fps;fps={}", fps);
  if (scheme == "restrav") {
    return fmt::format("scheme=restrav;n={};window_seconds={}", n, window_seconds);
  }
  if (scheme == "uniform" || scheme == "native") return fmt::format("scheme={};n={}", scheme, n);
  return fmt::format("scheme={}", scheme);
}

SampledFrames sample_frames(const VideoInfo& info, const SamplingSpec& spec) {
  spec.validate();
  if (spec.scheme == "uniform") return sample_uniform(info, spec.n);
  if (spec.scheme == "fps") return sample_fps(info, spec.fps);
  if (spec.scheme == "restrav") return sample_restrav(info, spec.n, spec.window_seconds);
  if (spec.scheme == "native") return sample_native(info, spec.n);
  return sample_all(info);
}

}  // namespace physprobe
