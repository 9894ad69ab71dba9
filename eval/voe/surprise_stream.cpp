#include "physprobe/eval/voe/surprise_stream.h"

#include "physprobe/core/error.h"
#include "physprobe/probes/compared_tokens.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

namespace physprobe {
namespace {

constexpr uint64_t kSketchSeed = 6;

/// Sums and counts by time slot, `cells` numbers each; grows with the video.
class SlotMeans {
 public:
  explicit SlotMeans(int64_t cells) : cells_(cells) {}

  /// Adds a window's step, whose first slot is `slot`, to `span` slots.
  void add(int64_t slot, int64_t span, const double* values) {
    const auto needed = static_cast<std::size_t>(slot + span);
    if (counts_.size() < needed) {
      counts_.resize(needed, 0);
      sums_.resize(needed * static_cast<std::size_t>(cells_), 0.0);
    }
    for (int64_t s = slot; s < slot + span; ++s) {
      ++counts_[static_cast<std::size_t>(s)];
      double* sum = sums_.data() + s * cells_;
      for (int64_t c = 0; c < cells_; ++c) sum[c] += values[c];
    }
  }

  /// (slots, cells) float64.
  at::Tensor means(int64_t slots) const {
    at::Tensor result =
        at::full({slots, cells_}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
    double* mean = result.data_ptr<double>();
    for (int64_t s = 0; s < slots && s < static_cast<int64_t>(counts_.size()); ++s) {
      const int64_t count = counts_[static_cast<std::size_t>(s)];
      if (count == 0) continue;
      for (int64_t c = 0; c < cells_; ++c) {
        mean[s * cells_ + c] =
            sums_[static_cast<std::size_t>(s * cells_ + c)] / static_cast<double>(count);
      }
    }
    return result;
  }

 private:
  int64_t cells_;
  std::vector<double> sums_;
  std::vector<int64_t> counts_;
};

/// Surprise by context and window while a video goes through.
struct WindowCurves {
  std::map<int64_t, std::vector<double>> by_context;
  std::map<int64_t, double> first_window;  ///< Under the shorter contexts of growing ones.

  SurpriseCurves assembled(const PredictionWindows& windows) const {
    SurpriseCurves curves;
    for (const int64_t context : windows.contexts) {
      std::vector<double> curve;
      if (windows.growing_context) {
        for (const auto& [shorter, value] : first_window) {
          if (shorter < context) curve.push_back(value);
        }
      }
      const std::vector<double>& all = by_context.at(context);
      curve.insert(curve.end(), all.begin(), all.end());
      curves.push_back(std::move(curve));
    }
    return curves;
  }
};

}  // namespace

void pad_with_zeros(VideoSurprise& video) {
  for (SurpriseCurves* curves : {&video.curves, &video.zero_prediction, &video.copy_last_context}) {
    std::size_t longest = 0;
    for (const std::vector<double>& curve : *curves) longest = std::max(longest, curve.size());
    for (std::vector<double>& curve : *curves) curve.resize(longest, 0.0);
  }
}

class SurpriseStream::Impl {
 public:
  Impl(std::shared_ptr<const Predictor> predictor, const SurpriseStreamOptions& options)
      : predictor_(std::move(predictor)),
        options_(options),
        windows_(options.windows),
        step_frames_(predictor_->info().frames_per_step),
        slot_frames_(std::gcd(step_frames_, options.windows.stride)) {
    windows_.validate(step_frames_);
    for (std::size_t c = 0; c < windows_.contexts.size(); ++c) timelines_.emplace_back(1);
  }

  void feed(const WindowBatch& batch) {
    const at::Tensor raw = predictor_->targets(batch.frames);
    if (raw.dim() != 3)
      throw Error(ErrorKind::kIncompatible, predictor_->info().id, "gives no (windows, tokens, D)");
    trajectory_.push_back(raw.mean(1, /*keepdim=*/false, at::kDouble).to(at::kFloat));
    const ComparedTokens wanted = compared(raw);
    for (const int64_t context : windows_.contexts) {
      at::Tensor sketches;
      const Distances distances =
          look(batch.frames, wanted, context, options_.context_sketches ? &sketches : nullptr);
      if (sketches.defined()) sketches_[context].push_back(sketches);
      for (std::size_t k = 0; k < distances.size(); ++k) {
        if (!distances[k].defined()) continue;
        const std::vector<double> means = mean_surprise(distances[k]);
        std::vector<double>& curve = curves_[k].by_context[context];
        curve.insert(curve.end(), means.begin(), means.end());
      }
      add_times(batch, context, distances[kModel]);
    }
    if (batch.first == 0 && windows_.growing_context) look_while_growing(batch, raw);
    starts_.insert(starts_.end(), batch.starts.begin(), batch.starts.end());
  }

  VideoSurprise finish(int64_t frames) {
    if (starts_.empty()) {
      throw Error(ErrorKind::kInput, "video",
                  fmt::format("is {} frames long (with --skip {}), a window {}; choose a shorter "
                              "--window or a smaller --skip",
                              frames, windows_.frame_skip, windows_.window));
    }
    VideoSurprise result;
    result.frames = frames;
    result.starts = starts_;
    result.curves = curves_[kModel].assembled(windows_);
    if (options_.zero_prediction) result.zero_prediction = curves_[kZero].assembled(windows_);
    if (options_.copy_last_context) result.copy_last_context = curves_[kCopy].assembled(windows_);
    result.slot_frames = slot_frames_;
    const int64_t slots = (frames + slot_frames_ - 1) / slot_frames_;
    std::vector<at::Tensor> times;
    for (const SlotMeans& timeline : timelines_) times.push_back(timeline.means(slots).squeeze(1));
    result.timeline = at::stack(times);
    if (map_) {
      result.map =
          map_->means(slots).to(at::kFloat).view({slots, grid_.height, grid_.width}).contiguous();
    }
    result.trajectory = at::cat(trajectory_);
    if (options_.context_sketches) {
      std::vector<at::Tensor> by_context;
      for (const int64_t context : windows_.contexts)
        by_context.push_back(at::cat(sketches_.at(context)));
      result.context_sketches = at::stack(by_context);
    }
    return result;
  }

 private:
  ComparedTokens compared(const at::Tensor& tokens) const {
    return compared_tokens(tokens, predictor_->predictor_info().normalises_targets);
  }

  /// Distances (B, m) under one context, of the model and the nulls; undefined if not asked for.
  enum Kind : std::size_t { kModel, kZero, kCopy };
  using Distances = std::array<at::Tensor, 3>;

  /// `sketches`, if not null, receives those of the contexts, (B, kSketchWidth).
  Distances look(const at::Tensor& frames,
                 const ComparedTokens& wanted,
                 int64_t context,
                 at::Tensor* sketches) const {
    const int64_t tokens = wanted.tokens();
    const int64_t steps = windows_.window / step_frames_;
    const PrefixSplit split = prefix_split(tokens, context / step_frames_, steps);
    const at::Tensor seen = frames.slice(1, 0, context).contiguous();
    const TokenSpan future{wanted, split.context.size(0), tokens};
    Distances distances;
    const ComparedTokens predicted = compared_tokens(
        predictor_->predict(seen, split.context, split.target, windows_.window), false);
    if (predicted.tokens() != future.size() || predicted.width() != wanted.width()) {
      throw Error(
          ErrorKind::kIncompatible, predictor_->info().id,
          fmt::format("predicts {} tokens of {} numbers; asked for {} of {}", predicted.tokens(),
                      predicted.width(), future.size(), wanted.width()));
    }
    distances[kModel] = token_surprise({predicted, 0, predicted.tokens()}, future);
    if (options_.zero_prediction) distances[kZero] = zero_surprise(future);
    if (options_.copy_last_context || sketches != nullptr) {
      const ComparedTokens alone = compared(predictor_->targets(seen));
      if (sketches != nullptr) *sketches = token_sketch(alone, kSketchWidth, kSketchSeed);
      if (options_.copy_last_context) {
        distances[kCopy] =
            token_surprise({alone, alone.tokens() - tokens / steps, alone.tokens()}, future);
      }
    }
    return distances;
  }

  /// The first window under every context up to the longest one.
  void look_while_growing(const WindowBatch& batch, const at::Tensor& raw) {
    const ComparedTokens wanted = compared(raw.slice(0, 0, 1));
    for (const int64_t context : contexts_of_window(windows_, 0, step_frames_)) {
      const bool is_known = curves_[kModel].by_context.count(context) != 0;
      const Distances distances =
          is_known ? Distances() : look(batch.frames.slice(0, 0, 1), wanted, context, nullptr);
      for (std::size_t k = 0; k < distances.size(); ++k) {
        if (distances[k].defined())
          curves_[k].first_window[context] = mean_surprise(distances[k]).front();
        else if (is_known && curves_[k].by_context.count(context) != 0)
          curves_[k].first_window[context] = curves_[k].by_context.at(context).front();
      }
    }
  }

  /// Spreads the distances over the frames that they are about.
  void add_times(const WindowBatch& batch, int64_t context, const at::Tensor& distances) {
    const int64_t steps = (windows_.window - context) / step_frames_;
    const int64_t step_tokens = distances.size(1) / steps;
    const bool is_mapped = context == options_.map_context && has_grid(batch.frames, step_tokens);
    if (is_mapped && !map_) map_ = std::make_unique<SlotMeans>(step_tokens);
    SlotMeans& timeline = timelines_[static_cast<std::size_t>(
        std::find(windows_.contexts.begin(), windows_.contexts.end(), context) -
        windows_.contexts.begin())];
    const double* values = distances.data_ptr<double>();
    for (const int64_t start : batch.starts) {
      for (int64_t step = 0; step < steps; ++step, values += step_tokens) {
        const int64_t slot = (start + context + step * step_frames_) / slot_frames_;
        double sum = 0.0;
        for (int64_t t = 0; t < step_tokens; ++t) sum += values[t];
        const double mean = sum / static_cast<double>(step_tokens);
        timeline.add(slot, step_frames_ / slot_frames_, &mean);
        if (is_mapped) map_->add(slot, step_frames_ / slot_frames_, values);
      }
    }
  }

  bool has_grid(const at::Tensor& frames, int64_t step_tokens) {
    grid_ = predictor_->grid(windows_.window, frames.size(3), frames.size(4));
    return grid_.tokens_per_step() == step_tokens;
  }

  std::shared_ptr<const Predictor> predictor_;
  SurpriseStreamOptions options_;
  PredictionWindows windows_;
  int64_t step_frames_;
  int64_t slot_frames_;
  TokenGrid grid_;
  std::vector<int64_t> starts_;
  std::array<WindowCurves, 3> curves_;  ///< By Kind.
  std::vector<SlotMeans> timelines_;
  std::unique_ptr<SlotMeans> map_;
  std::vector<at::Tensor> trajectory_;
  std::map<int64_t, std::vector<at::Tensor>> sketches_;  ///< By context, a tensor a batch.
};

SurpriseStream::SurpriseStream(std::shared_ptr<const Predictor> predictor,
                               const SurpriseStreamOptions& options)
    : impl_(std::make_unique<Impl>(std::move(predictor), options)) {}
SurpriseStream::~SurpriseStream() = default;
SurpriseStream::SurpriseStream(SurpriseStream&&) noexcept = default;
void SurpriseStream::feed(const WindowBatch& batch) {
  impl_->feed(batch);
}
VideoSurprise SurpriseStream::finish(int64_t frames) {
  return impl_->finish(frames);
}

}  // namespace physprobe
