#pragma once
// The frames of one clip as its encoders take them: decoded and preprocessed on a thread of its
// own, a few frames ahead of the consumer. Internal to `eval/`.

#include "physprobe/core/parallel.h"
#include "physprobe/core/preprocess_spec.h"
#include "physprobe/video/video_reader.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace physprobe {

/// Successive distinct frames of a clip, preprocessed in every way that is asked for.
struct PreparedFrames {
  /// By PreprocessSpec::canonical(): (n, C, H, W) float32.
  std::map<std::string, at::Tensor> inputs;
  std::vector<int64_t> repeats;  ///< (n): how often each frame is shown.
};

class FramePreparation {
 public:
  using Viewer = std::function<void(int64_t index, double pts_seconds, const at::Tensor& frame)>;

  /// `indices` as sampled: ascending, a frame shown several times several times in a row. `reader`
  /// is in use until the object is gone. At most `ahead` frames wait for the consumer.
  FramePreparation(VideoReader& reader,
                   const std::vector<int64_t>& indices,
                   const std::vector<PreprocessSpec>& specs,
                   int64_t ahead);

  /// `viewer` also gets every distinct frame, (H, W, 3) uint8 valid during the call, in order and
  /// on the decoding thread. Before the first `next`.
  void show_to(Viewer viewer) { viewer_ = std::move(viewer); }

  const std::vector<int64_t>& distinct_indices() const { return distinct_; }

  /// The next `count` distinct frames, fewer at the end, then nullopt. Rethrows what decoding
  /// threw.
  std::optional<PreparedFrames> next(int64_t count);

 private:
  std::optional<PreparedFrames> prepare_one();

  VideoReader& reader_;
  std::vector<PreprocessSpec> specs_;  ///< Each once.
  int64_t ahead_;
  Viewer viewer_;
  std::vector<int64_t> distinct_;
  std::vector<int64_t> repeats_;
  std::size_t position_ = 0;
  at::Tensor frame_;  ///< (H, W, 3) uint8, used again for every frame.
  std::optional<Prefetcher<PreparedFrames>> decoded_;  ///< Last: its thread uses all of the above.
};

}  // namespace physprobe
