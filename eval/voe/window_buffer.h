#pragma once
// A video's frames, given in order, as the windows a predictor looks at: bounded memory however
// long the video is.

#include "physprobe/probes/prediction_windows.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

namespace physprobe {

/// Consecutive windows.
struct WindowBatch {
  int64_t first = 0;            ///< Number of the first window, from 0.
  std::vector<int64_t> starts;  ///< B first frames, counted after the skip.
  at::Tensor frames;            ///< (B, T, C, H, W) float32.
};

class WindowBuffer {
 public:
  using Ready = std::function<void(const WindowBatch&)>;
  /// Hands over at most `batch` windows at a time; holds window + batch * stride frames at most,
  /// besides those just added.
  WindowBuffer(const PredictionWindows& windows, int64_t batch, Ready ready);

  /// The next frames (n, C, H, W).
  void add(const at::Tensor& frames);
  /// Hands over what is left; windows that are not whole are none.
  void finish();
  int64_t frames() const { return frames_; }

 private:
  void hand_over();

  PredictionWindows windows_;
  int64_t batch_;
  Ready ready_;
  std::deque<at::Tensor> held_;
  int64_t held_begin_ = 0;  ///< Frame number of held_.front().
  int64_t frames_ = 0;
  int64_t next_start_ = 0;
  int64_t windows_done_ = 0;
  std::vector<int64_t> waiting_;
};

}  // namespace physprobe
