#include "physprobe/probes/prediction_windows.h"

#include "physprobe/core/error.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace physprobe {
namespace {

void require_at_least(const char* field, int64_t value, int64_t lowest) {
  if (value < lowest) {
    throw Error(ErrorKind::kUsage, field, fmt::format("is {}; expected {} or more", value, lowest));
  }
}

}  // namespace

void PredictionWindows::validate(int64_t frames_per_step) const {
  require_at_least("stride", stride, 1);
  require_at_least("skip", frame_skip, 1);
  require_at_least("frame_limit", frame_limit, 0);
  require_at_least("window", window, 2 * frames_per_step);
  const auto whole_steps = [&](const char* field, int64_t frames) {
    if (frames % frames_per_step != 0) {
      throw Error(ErrorKind::kUsage, field,
                  fmt::format("{} frames are no whole number of steps; this model sees {} frames a "
                              "step",
                              frames, frames_per_step));
    }
  };
  whole_steps("window", window);
  if (contexts.empty()) throw Error(ErrorKind::kUsage, "context", "names no context");
  int64_t previous = 0;
  for (const int64_t context : contexts) {
    require_at_least("context", context, frames_per_step);
    whole_steps("context", context);
    if (context <= previous) {
      throw Error(
          ErrorKind::kUsage, "context",
          fmt::format("{} are not in ascending order, each once", fmt::join(contexts, ",")));
    }
    if (context >= window) {
      throw Error(
          ErrorKind::kUsage, "context",
          fmt::format("{} leaves nothing to predict in a window of {} frames", context, window));
    }
    previous = context;
  }
}

std::string PredictionWindows::canonical() const {
  return fmt::format("window={};stride={};skip={};limit={};contexts={};growing={}", window, stride,
                     frame_skip, frame_limit, fmt::join(contexts, ","), growing_context);
}

std::string PredictionWindows::protocol() const {
  return growing_context ? "voe/intphys2-2025" : "voe/jepa-2025";
}

std::vector<int64_t> used_frames(const PredictionWindows& windows,
                                 int64_t first,
                                 int64_t n_frames) {
  std::vector<int64_t> frames;
  const int64_t most = windows.frame_limit / windows.frame_skip;
  for (int64_t frame = first; frame < n_frames; frame += windows.frame_skip) {
    if (windows.frame_limit > 0 && static_cast<int64_t>(frames.size()) >= most) break;
    frames.push_back(frame);
  }
  return frames;
}

std::vector<int64_t> window_starts(int64_t frames, const PredictionWindows& windows) {
  std::vector<int64_t> starts;
  for (int64_t start = 0; start + windows.window <= frames; start += windows.stride)
    starts.push_back(start);
  return starts;
}

std::vector<int64_t> contexts_of_window(const PredictionWindows& windows,
                                        int64_t index,
                                        int64_t frames_per_step) {
  if (!windows.growing_context || index != 0) return windows.contexts;
  std::vector<int64_t> all;
  for (int64_t context = frames_per_step; context <= windows.contexts.back();
       context += frames_per_step)
    all.push_back(context);
  return all;
}

PrefixSplit prefix_split(int64_t tokens, int64_t context_steps, int64_t window_steps) {
  if (tokens <= 0 || tokens % window_steps != 0) {
    throw Error(ErrorKind::kIncompatible, "window",
                fmt::format("the model gives {} tokens for {} steps in time; expected the same "
                            "number for every step",
                            tokens, window_steps));
  }
  const int64_t seen = tokens / window_steps * context_steps;
  return {at::arange(seen, at::kLong), at::arange(seen, tokens, at::kLong)};
}

}  // namespace physprobe
