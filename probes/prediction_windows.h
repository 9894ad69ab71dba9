#pragma once
// How a video is cut into windows of frames seen and frames expected: the arithmetic of surprise
// curves (Garrido et al. 2025; IntPhys 2, Bordes et al. 2025).

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// Frames count after the skip.
struct PredictionWindows {
  int64_t window = 16;      ///< Frames of a window: context and what is predicted.
  int64_t stride = 2;       ///< From one window's first frame to the next one's.
  int64_t frame_skip = 1;   ///< Every n-th frame of the video is looked at.
  int64_t frame_limit = 0;  ///< At most floor(limit / skip) frames are looked at; 0: all.
  std::vector<int64_t> contexts = {2, 4, 6, 8, 10};  ///< Frames of context, ascending.
  /// IntPhys 2: the curve of context C begins with the first window under the contexts k, 2k, …,
  /// C-k (k frames a step), each predicting to that window's end, before all windows under C.
  bool growing_context = false;

  /// Throws Error(kUsage) naming field, value and allowed range: contexts and window must be whole
  /// steps of `frames_per_step` frames, contexts ascending and shorter than the window.
  void validate(int64_t frames_per_step) const;
  /// Every field in a fixed order: for cache keys.
  std::string canonical() const;
  /// "voe/jepa-2025", or "voe/intphys2-2025" for growing contexts.
  std::string protocol() const;
};

/// Which of a video's `n_frames` frames are looked at: first, first + skip, …
std::vector<int64_t> used_frames(const PredictionWindows& windows, int64_t first, int64_t n_frames);

/// First frames of the windows of a video of `frames` frames: 0, s, 2s, … while a whole window
/// fits; floor((frames - window) / stride) + 1 of them, none for a shorter video.
std::vector<int64_t> window_starts(int64_t frames, const PredictionWindows& windows);

/// Contexts under which window number `index` is looked at, ascending: all of them, and for the
/// first window of growing contexts also the shorter ones.
std::vector<int64_t> contexts_of_window(const PredictionWindows& windows,
                                        int64_t index,
                                        int64_t frames_per_step);

/// Token numbers of a window whose `tokens` tokens lie step by step (time slowest).
struct PrefixSplit {
  at::Tensor context;  ///< (n) int64: tokens of the context's steps.
  at::Tensor target;   ///< (tokens - n) int64: all that come later.
};
/// Throws Error(kIncompatible) when the tokens do not divide into the window's steps.
PrefixSplit prefix_split(int64_t tokens, int64_t context_steps, int64_t window_steps);

}  // namespace physprobe
