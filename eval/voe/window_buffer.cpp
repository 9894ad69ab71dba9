#include "physprobe/eval/voe/window_buffer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/stack.h>

#include <utility>

namespace physprobe {

WindowBuffer::WindowBuffer(const PredictionWindows& windows, int64_t batch, Ready ready)
    : windows_(windows), batch_(batch), ready_(std::move(ready)) {}

void WindowBuffer::add(const at::Tensor& frames) {
  for (int64_t i = 0; i < frames.size(0); ++i) {
    held_.push_back(frames[i]);
    ++frames_;
    if (frames_ == next_start_ + windows_.window) {
      waiting_.push_back(next_start_);
      next_start_ += windows_.stride;
      if (static_cast<int64_t>(waiting_.size()) == batch_) hand_over();
    }
    // A stride beyond the window leaves frames that no window has.
    const int64_t needed = waiting_.empty() ? next_start_ : waiting_.front();
    while (held_begin_ < needed && !held_.empty()) {
      held_.pop_front();
      ++held_begin_;
    }
  }
}

void WindowBuffer::finish() {
  if (!waiting_.empty()) hand_over();
}

void WindowBuffer::hand_over() {
  std::vector<at::Tensor> stacked;
  for (const int64_t start : waiting_) {
    const auto begin = held_.begin() + (start - held_begin_);
    stacked.push_back(at::stack(std::vector<at::Tensor>(begin, begin + windows_.window)));
  }
  WindowBatch batch;
  batch.first = windows_done_;
  batch.starts = waiting_;
  batch.frames = at::stack(stacked);
  windows_done_ += static_cast<int64_t>(waiting_.size());
  waiting_.clear();
  ready_(batch);
}

}  // namespace physprobe
