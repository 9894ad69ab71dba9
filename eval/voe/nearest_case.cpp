#include "physprobe/eval/voe/nearest_case.h"

#include "physprobe/core/interrupt.h"
#include "physprobe/datasets/voe/voe_item.h"
#include "physprobe/eval/embedding_pass.h"
#include "physprobe/probes/compared_tokens.h"
#include "physprobe/video/preprocess.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <map>
#include <utility>

namespace physprobe {
namespace {

constexpr std::size_t kOpenVideos = 8;

struct Place {
  std::size_t video = 0;
  std::size_t window = 0;
  bool operator<(const Place& other) const {
    return std::pair(video, window) < std::pair(other.video, other.window);
  }
};

}  // namespace

class NearestCases::Impl {
 public:
  Impl(const SurpriseJob& job,
       std::vector<NearestVideo> videos,
       const VideoOptions& video,
       int threads)
      : job_(job),
        windows_(job.options.windows),
        videos_(std::move(videos)),
        video_options_(video),
        threads_(threads) {
    for (std::size_t v = 0; v < videos_.size(); ++v) {
      for (std::size_t w = 0; w < videos_[v].starts.size(); ++w) places_[name({v, w})] = {v, w};
    }
    for (std::size_t c = 0; c < windows_.contexts.size() && !videos_.empty(); ++c) {
      memories_.push_back(VisualMemory::create(kSketchWidth, Metric::kL2));
      for (std::size_t v = 0; v < videos_.size(); ++v) {
        std::vector<MemoryCase> cases;
        for (std::size_t w = 0; w < videos_[v].starts.size(); ++w)
          cases.push_back({name({v, w}), videos_[v].group, ""});
        memories_.back()->add(videos_[v].sketches[static_cast<int64_t>(c)].contiguous(), cases);
      }
    }
  }

  std::optional<NearestSurprise> surprise(std::size_t index) {
    const NearestVideo& video = videos_[index];
    NearestSurprise result;
    std::vector<std::vector<Place>> nearest;
    for (std::size_t c = 0; c < memories_.size(); ++c) {
      MemoryQuery query;
      query.vectors = video.sketches[static_cast<int64_t>(c)].contiguous();
      for (std::size_t w = 0; w < video.starts.size(); ++w) {
        query.ids.push_back(name({index, w}));
        query.groups.push_back(video.group);
      }
      query.k = 1;
      query.exclude = Exclude::kGroup;
      query.threads = threads_;
      const Neighbours found = memories_[c]->search(query);
      std::vector<Place> row;
      for (const std::vector<std::string>& ids : found.ids) {
        if (ids.empty()) return std::nullopt;
        row.push_back(places_.at(ids.front()));
      }
      result.neighbours.emplace_back();
      for (const std::vector<std::string>& ids : found.ids)
        result.neighbours.back().push_back(ids.front());
      nearest.push_back(std::move(row));
    }
    result.curves.resize(memories_.size());
    for (std::size_t w = 0; w < video.starts.size(); ++w) {
      if (interrupt_signal() != 0) throw Interrupted{};
      const ComparedTokens wanted = compared_targets({index, w});
      std::map<Place, ComparedTokens> futures;
      for (std::size_t c = 0; c < memories_.size(); ++c) {
        const Place& place = nearest[c][w];
        ComparedTokens& future = futures[place];
        if (!future.values.defined()) future = compared_targets(place);
        if (future.values.sizes() != wanted.values.sizes()) return std::nullopt;
        const int64_t tokens = wanted.tokens();
        const int64_t seen = tokens * windows_.contexts[c] / windows_.window;
        result.curves[c].push_back(
            mean_surprise(token_surprise({future, seen, tokens}, {wanted, seen, tokens})).front());
      }
    }
    return result;
  }

 private:
  std::string name(const Place& place) const {
    return fmt::format("{}@{}", videos_[place.video].item->id,
                       videos_[place.video].starts[place.window]);
  }

  ComparedTokens compared_targets(const Place& place) {
    const NearestVideo& video = videos_[place.video];
    VideoReader& reader = opened(place.video);
    const std::vector<int64_t> used =
        used_frames(windows_, first_frame_of(*video.item), reader.info().frame_count);
    const auto begin = used.begin() + video.starts[place.window];
    const Clip clip = reader.read({begin, begin + windows_.window});
    const at::Tensor window =
        preprocess_frames(clip.frames, job_.predictor->info().preprocess, threads_).unsqueeze(0);
    return compared_tokens(job_.predictor->targets(window),
                           job_.predictor->predictor_info().normalises_targets);
  }

  VideoReader& opened(std::size_t video) {
    std::unique_ptr<VideoReader>& reader = readers_[video];
    if (!reader) {
      if (readers_.size() > kOpenVideos) {
        readers_.clear();
        return opened(video);
      }
      VideoOptions options = video_options_;
      options.start_seconds = videos_[video].item->start_seconds;
      options.stop_seconds = videos_[video].item->stop_seconds;
      reader = VideoReader::open(videos_[video].item->path, options);
    }
    return *reader;
  }

  SurpriseJob job_;
  PredictionWindows windows_;
  std::vector<NearestVideo> videos_;
  VideoOptions video_options_;
  int threads_;
  std::map<std::string, Place> places_;
  std::vector<std::unique_ptr<VisualMemory>> memories_;  ///< By context.
  std::map<std::size_t, std::unique_ptr<VideoReader>> readers_;
};

NearestCases::NearestCases(const SurpriseJob& job,
                           std::vector<NearestVideo> videos,
                           const VideoOptions& video,
                           int threads)
    : impl_(std::make_unique<Impl>(job, std::move(videos), video, threads)) {}
NearestCases::~NearestCases() = default;
std::optional<NearestSurprise> NearestCases::surprise(std::size_t index) {
  return impl_->surprise(index);
}

}  // namespace physprobe
