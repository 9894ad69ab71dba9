#pragma once
// A small deterministic predictor: tokens are 8 x 8 blocks of two frames under a fixed random map
// of 6 numbers; it expects the last step's tokens, moved a little by a map of the context's mean.

#include "physprobe/core/rng.h"
#include "physprobe/encoders/predictor.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <atomic>
#include <memory>

namespace physprobe::testing {

class LinePredictor final : public Predictor {
 public:
  static constexpr int64_t kBlock = 8, kWidth = 6, kStep = 2;

  explicit LinePredictor(uint64_t seed = 5, bool has_untrained = true)
      : has_untrained_(has_untrained) {
    info_.id = "line";
    info_.family = "line";
    info_.weights_digest = "seed-" + std::to_string(seed);
    info_.canonical = "line/1";
    info_.frames_per_step = kStep;
    info_.preprocess.resize = ResizeRule::kNone;
    Rng rng(seed);
    map_ = at::empty({3 * kStep * kBlock * kBlock, kWidth}, at::kFloat);
    float* values = map_.data_ptr<float>();
    for (int64_t i = 0; i < map_.numel(); ++i) values[i] = static_cast<float>(rng.normal());
  }

  const EncoderInfo& info() const override { return info_; }
  const PredictorInfo& predictor_info() const override { return predictor_info_; }
  TokenGrid grid(int64_t frames, int64_t height, int64_t width) const override {
    return {frames / kStep, height / kBlock, width / kBlock};
  }
  at::Tensor targets(const at::Tensor& window) const override {
    ++target_calls;
    const TokenGrid cells = grid(window.size(1), window.size(3), window.size(4));
    const at::Tensor blocks =
        window
            .reshape({window.size(0), cells.time_steps, kStep, 3, cells.height, kBlock, cells.width,
                      kBlock})
            .permute({0, 1, 4, 6, 2, 3, 5, 7})
            .reshape({window.size(0) * cells.time_steps * cells.tokens_per_step(), -1});
    // One row at a time: no sum depends on the batch.
    at::Tensor tokens = at::zeros({blocks.size(0), kWidth}, at::kFloat);
    const at::Tensor rows = blocks.contiguous();
    const float* pixel = rows.data_ptr<float>();
    for (int64_t r = 0; r < rows.size(0); ++r) {
      float* token = tokens.data_ptr<float>() + r * kWidth;
      const float* weight = map_.data_ptr<float>();
      for (int64_t i = 0; i < rows.size(1); ++i, ++pixel) {
        for (int64_t d = 0; d < kWidth; ++d) token[d] += *pixel * *weight++;
      }
    }
    return tokens.reshape({window.size(0), -1, kWidth});
  }
  at::Tensor predict(const at::Tensor& context,
                     const at::Tensor& /*context_ids*/,
                     const at::Tensor& target_ids,
                     int64_t window_frames) const override {
    const at::Tensor seen = targets(context);
    const int64_t step = seen.size(1) / (context.size(1) / kStep);
    const at::Tensor last = seen.slice(1, -step);
    return last.index_select(1, target_ids.remainder(step)) * 0.5 +
           0.01 * static_cast<double>(window_frames);
  }
  std::unique_ptr<Predictor> untrained(uint64_t seed) const override {
    if (!has_untrained_) return nullptr;
    return std::make_unique<LinePredictor>(1000 + seed);
  }

  PredictorInfo predictor_info_;
  mutable std::atomic<int> target_calls{0};

 private:
  EncoderInfo info_;
  at::Tensor map_;
  bool has_untrained_;
};

/// (T, 3, height, width) float32 noise.
inline at::Tensor noise_frames(uint64_t seed, int64_t frames, int64_t height, int64_t width) {
  Rng rng(seed);
  at::Tensor result = at::empty({frames, 3, height, width}, at::kFloat);
  float* values = result.data_ptr<float>();
  for (int64_t i = 0; i < result.numel(); ++i) values[i] = static_cast<float>(rng.uniform());
  return result;
}

}  // namespace physprobe::testing
