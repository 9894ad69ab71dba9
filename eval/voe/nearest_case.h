#pragma once
// The null that is retrieval: the nearest stored context of another scene is looked up in the
// visual memory, and what happened there next is taken as the prediction. What a model's surprise
// shows beyond it is more than remembering similar scenes.

#include "physprobe/datasets/dataset.h"
#include "physprobe/eval/voe/surprise_jobs.h"
#include "physprobe/memory/visual_memory.h"
#include "physprobe/video/video_reader.h"

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace physprobe {

/// A video whose contexts can be retrieved.
struct NearestVideo {
  const DatasetItem* item = nullptr;
  std::string group;            ///< Videos of one group never answer for each other.
  std::vector<int64_t> starts;  ///< As VideoSurprise.
  at::Tensor sketches;          ///< VideoSurprise::context_sketches.
};

struct NearestSurprise {
  SurpriseCurves curves;
  /// "<id>@<first frame of the window>" by context and window.
  std::vector<std::vector<std::string>> neighbours;
};

class NearestCases {
 public:
  /// One memory a context, of every window of every video; distances are Euclidean between count
  /// sketches of the contexts' tokens. `job` is the model the sketches were made with.
  NearestCases(const SurpriseJob& job,
               std::vector<NearestVideo> videos,
               const VideoOptions& video,
               int threads);
  ~NearestCases();

  /// Surprise at video number `index` when the prediction is the future of the nearest case; the
  /// videos are read again. nullopt when no other group is there, or the nearest case has another
  /// number of tokens. Throws what reading and the predictor throw.
  std::optional<NearestSurprise> surprise(std::size_t index);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace physprobe
