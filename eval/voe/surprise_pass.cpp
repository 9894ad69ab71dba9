#include "physprobe/eval/voe/surprise_pass.h"

#include "physprobe/core/error.h"
#include "physprobe/core/interrupt.h"
#include "physprobe/core/parallel.h"
#include "physprobe/datasets/voe/voe_item.h"
#include "physprobe/eval/embedding_pass.h"
#include "physprobe/video/preprocess.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace physprobe {
namespace {

constexpr int64_t kMostWindowsAtOnce = 4;

/// The streams of all jobs, behind one buffer for each way of preprocessing.
class Pass {
 public:
  Pass(const std::vector<SurpriseJob>& jobs, const SurprisePassOptions& options)
      : options_(options) {
    for (std::size_t j = 0; j < jobs.size(); ++j) {
      const PreprocessSpec& spec = jobs[j].predictor->info().preprocess;
      auto lane = std::find_if(lanes_.begin(), lanes_.end(), [&](const auto& known) {
        return known->spec.canonical() == spec.canonical();
      });
      if (lane == lanes_.end())
        lane = lanes_.insert(lane,
                             std::make_unique<Lane>(spec, jobs[j].options.windows, batch(options)));
      (*lane)->streams.emplace_back(j, SurpriseStream(jobs[j].predictor, jobs[j].options));
    }
    n_jobs_ = jobs.size();
  }

  /// Decoded (n, H, W, 3) uint8.
  void add_decoded(const at::Tensor& frames) {
    for (const auto& lane : lanes_)
      lane->buffer.add(preprocess_frames(frames, lane->spec, options_.threads));
  }
  /// Preprocessed (n, C, H, W).
  void add_preprocessed(const at::Tensor& frames) {
    if (lanes_.size() > 1)
      throw Error(ErrorKind::kUsage, "--pixel-predictor",
                  "is preprocessed otherwise than the model, and these frames are preprocessed "
                  "already; give decoded frames, uint8 (T, H, W, 3), or leave it out");
    lanes_.front()->buffer.add(frames);
  }

  std::vector<VideoSurprise> finish() {
    std::vector<VideoSurprise> results(n_jobs_);
    for (const auto& lane : lanes_) {
      lane->buffer.finish();
      for (auto& [job, stream] : lane->streams) results[job] = stream.finish(lane->buffer.frames());
    }
    return results;
  }

 private:
  struct Lane {
    Lane(PreprocessSpec preprocess, const PredictionWindows& windows, int64_t batch)
        : spec(std::move(preprocess)), buffer(windows, batch, [this](const WindowBatch& ready) {
            for (auto& [job, stream] : streams) {
              if (interrupt_signal() != 0) throw Interrupted{};
              stream.feed(ready);
            }
          }) {}
    PreprocessSpec spec;
    std::vector<std::pair<std::size_t, SurpriseStream>> streams;  ///< By number of the job.
    WindowBuffer buffer;
  };

  static int64_t batch(const SurprisePassOptions& options) {
    if (options.batch_windows > 0) return options.batch_windows;
    const int threads = options.threads > 0 ? options.threads : default_thread_count();
    return std::clamp<int64_t>(threads, 1, kMostWindowsAtOnce);
  }

  SurprisePassOptions options_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::size_t n_jobs_ = 0;
};

}  // namespace

std::vector<VideoSurprise> surprise_of_tensor(const TensorVideo& video,
                                              const std::vector<SurpriseJob>& jobs,
                                              const SurprisePassOptions& options) {
  Pass pass(jobs, options);
  const at::Tensor frames = video.frames.index_select(
      0, at::tensor(used_frames(jobs.front().options.windows, 0, video.frames.size(0)), at::kLong));
  try {
    for (int64_t begin = 0; begin < frames.size(0); begin += options.chunk_frames) {
      const at::Tensor chunk =
          frames.slice(0, begin, std::min(frames.size(0), begin + options.chunk_frames))
              .contiguous();
      if (video.is_preprocessed)
        pass.add_preprocessed(chunk);
      else
        pass.add_decoded(chunk);
    }
    return pass.finish();
  } catch (const Error& error) {
    throw Error(error.kind(), video.id, error.what());
  }
}

std::vector<VideoSurprise> surprise_of_item(const DatasetItem& item,
                                            const VideoOptions& video,
                                            const std::vector<SurpriseJob>& jobs,
                                            const SurprisePassOptions& options,
                                            SurpriseVideoFacts* facts) {
  VideoOptions video_options = video;
  video_options.start_seconds = item.start_seconds;
  video_options.stop_seconds = item.stop_seconds;
  const auto reader = VideoReader::open(item.path, video_options);
  const VideoInfo& info = reader->info();
  const std::vector<int64_t> indices =
      used_frames(jobs.front().options.windows, first_frame_of(item), info.frame_count);
  if (facts != nullptr) {
    *facts = {info.width, info.height, info.frame_count, info.fps, {}, indices};
    for (const int64_t index : indices)
      facts->pts_seconds.push_back(info.pts_seconds[static_cast<std::size_t>(index)]);
  }
  // Decoding runs one chunk ahead of predicting.
  std::size_t next = 0;
  Prefetcher<Clip> decoded(
      [&]() -> std::optional<Clip> {
        if (next >= indices.size()) return std::nullopt;
        const std::size_t end =
            std::min(indices.size(), next + static_cast<std::size_t>(options.chunk_frames));
        const std::vector<int64_t> chunk(indices.begin() + static_cast<std::ptrdiff_t>(next),
                                         indices.begin() + static_cast<std::ptrdiff_t>(end));
        next = end;
        return reader->read(chunk);
      },
      1);
  Pass pass(jobs, options);
  while (const auto clip = decoded.next()) pass.add_decoded(clip->frames);
  try {
    return pass.finish();
  } catch (const Error& error) {
    throw Error(error.kind(), item.relative_path, error.what());
  }
}

}  // namespace physprobe
