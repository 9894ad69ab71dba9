#pragma once
// The one pass over a video that serves the predictor and its nulls: decode, preprocess, window,
// predict. Bounded memory.

#include "physprobe/datasets/dataset.h"
#include "physprobe/eval/voe/surprise_jobs.h"
#include "physprobe/eval/voe/tensor_videos.h"
#include "physprobe/video/video_reader.h"

#include <cstdint>
#include <vector>

namespace physprobe {

struct SurprisePassOptions {
  int threads = 0;  ///< Of preprocessing; never changes a value.
  /// Windows that a predictor gets at once; 0: one per thread, at most 4. Never changes a value as
  /// far as the predictor's numbers do not depend on the batch.
  int64_t batch_windows = 0;
  int64_t chunk_frames = 8;  ///< Frames decoded at a time.
};

/// Of a video file, what a score may depend on.
struct SurpriseVideoFacts {
  int64_t width = 0, height = 0, frame_count = 0;
  double fps = 0.0;
  std::vector<double> pts_seconds;  ///< Of the frames looked at.
  std::vector<int64_t> indices;     ///< Their numbers in the video.
};

/// One result per job, in order. Stops with `Interrupted` (embedding_pass.h) when a signal asks.
/// Throws what reading, preprocessing and SurpriseStream throw.
std::vector<VideoSurprise> surprise_of_tensor(const TensorVideo& video,
                                              const std::vector<SurpriseJob>& jobs,
                                              const SurprisePassOptions& options);

/// The item's frames from its first shown one (datasets/voe/voe_item.h), every skip-th.
std::vector<VideoSurprise> surprise_of_item(const DatasetItem& item,
                                            const VideoOptions& video,
                                            const std::vector<SurpriseJob>& jobs,
                                            const SurprisePassOptions& options,
                                            SurpriseVideoFacts* facts = nullptr);

}  // namespace physprobe
