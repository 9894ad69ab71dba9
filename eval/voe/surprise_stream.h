#pragma once
// One predictor's surprise over one video: window by window, all contexts of a window against
// targets computed once, with the nulls that need no other model.

#include "physprobe/encoders/predictor.h"
#include "physprobe/eval/voe/surprise_set.h"
#include "physprobe/eval/voe/window_buffer.h"

#include <memory>

namespace physprobe {

constexpr int64_t kSketchWidth = 512;

struct SurpriseStreamOptions {
  PredictionWindows windows;
  bool zero_prediction = true;    ///< Null: every predicted number is 0.
  bool copy_last_context = true;  ///< Null: the tokens of the context's last step, encoded without
                                  ///< the future, at every later step.
  bool context_sketches = false;  ///< For retrieval of the nearest context.
  int64_t map_context = 0;        ///< Context of `map`; 0: none.
};

/// Curves are [context][window]; with growing contexts each has its own length
/// (prediction_windows.h).
struct VideoSurprise {
  int64_t frames = 0;           ///< After the skip.
  std::vector<int64_t> starts;  ///< First frame of each window.
  SurpriseCurves curves;
  SurpriseCurves zero_prediction;    ///< Empty when not asked for.
  SurpriseCurves copy_last_context;  ///< Empty when not asked for.
  /// Surprise by time: slots of `slot_frames` frames, the mean over all windows that predict them.
  int64_t slot_frames = 0;
  at::Tensor timeline;  ///< (contexts, slots) float64; NaN where nothing is predicted.
  at::Tensor map;       ///< (slots, rows, columns) float32 over the frame, under `map_context`; NaN
                        ///< as above. Undefined when the model's grid is not known.
  at::Tensor trajectory;        ///< (windows, D) float32: mean over a window's target tokens.
  at::Tensor context_sketches;  ///< (contexts, windows, kSketchWidth) float32: count sketch of the
                                ///< context's tokens, encoded without the future, as compared.
                                ///< Undefined when not asked for.
};

/// Gives all curves the longest one's length, with zeros at the end that means then count: what the
/// reference does to growing contexts.
void pad_with_zeros(VideoSurprise& video);

/// Feed the batches of a WindowBuffer in order. The numbers do not depend on how windows are
/// batched as far as the predictor's do not.
class SurpriseStream {
 public:
  /// Throws Error(kUsage) for windows the model cannot take (prediction_windows.h).
  SurpriseStream(std::shared_ptr<const Predictor> predictor, const SurpriseStreamOptions& options);
  ~SurpriseStream();
  SurpriseStream(SurpriseStream&&) noexcept;

  /// Throws Error(kInput) for numbers that are not finite, Error(kIncompatible) for tokens that do
  /// not divide into steps, and what the predictor throws.
  void feed(const WindowBatch& batch);
  /// `frames`: of the whole video after the skip. Throws Error(kInput) when no window was fed,
  /// saying how long the video and a window are.
  VideoSurprise finish(int64_t frames);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace physprobe
