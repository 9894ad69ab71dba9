#include "physprobe/eval/physics_iq/view_evaluation.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/physics_iq/clip_pass.h"
#include "physprobe/eval/physics_iq/frame_rate.h"
#include "physprobe/eval/physics_iq/frame_shelf.h"
#include "physprobe/eval/physics_iq/motion_kernels.h"
#include "physprobe/eval/physics_iq/view_media.h"
#include "physprobe/video/frame_reader.h"
#include "physprobe/video/video_writer.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

// Raised when a change of the code changes numbers: old caches are then not used.
constexpr const char* kCacheSchema = "physics-iq/view-2";
// Of each take's small frames in memory: all of a clip of 1024x576, and few beside the decoder and
// the background of a large one, whose two shelves would be hundreds of MB.
constexpr int64_t kShelfBytes = int64_t{20} << 20;
constexpr int64_t kShelfBytesOfLarge = int64_t{4} << 20;
constexpr int64_t kLargePixels = int64_t{4} << 20;
constexpr double kDelayedSeconds = 0.5;    // of the baseline "delayed"
constexpr double kMostDelaySeconds = 1.5;  // searched for the best delay
constexpr double kDelayStepSeconds = 0.1;

/// One clip of the view: where it lies and what its content is called.
struct ViewClip {
  ClipSourceFile source;
  std::string digest;    // of the file
  std::string identity;  // of what is evaluated: digest, conversion
};

ViewClip clip_of(const ClipSourceFile& source) {
  ViewClip clip{source, content_digest(source.path), ""};
  clip.identity = clip.digest;
  if (source.convert_to_fps > 0.0)
    clip.identity += fmt::format(" at {} fps by {}", source.convert_to_fps, video_writer_version());
  return clip;
}

class ViewEvaluator {
 public:
  ViewEvaluator(const ViewJob& job, const ViewEvaluationOptions& options)
      : job_(job), options_(options), take1_(clip_of(job.take1)) {
    if (job.take2.exists()) take2_ = clip_of(job.take2);
    for (const ViewJob::Generated& generated : job.generated)
      generated_.push_back(clip_of(generated.clip));
    name_everything();
  }

  ViewOutcome evaluate() {
    ViewOutcome outcome;
    outcome.digest1 = take1_.digest;
    outcome.digest2 = take2_ ? take2_->digest : "";
    std::vector<std::size_t> missing;
    outcome.generated.resize(generated_.size());
    outcome.failures.resize(generated_.size());
    for (std::size_t i = 0; i < generated_.size(); ++i) {
      outcome.digests.push_back(generated_[i].digest);
      outcome.media.push_back(options_.with_media ? stem(i) : "");
      if (!load_generated(i, outcome.generated[i])) missing.push_back(i);
    }
    has_truth_ = load_truth();
    if (!missing.empty() || !has_truth_) {
      outcome.was_cached = false;
      pass_over_takes();
      for (const std::size_t i : missing) outcome.failures[i] = failure_of(i, outcome.generated[i]);
    }
    outcome.truth = truth_;
    return outcome;
  }

 private:
  /// Compares generated video `i`; why that fails, "" if it does not.
  std::string failure_of(std::size_t i, GeneratedRecord& record) try {
    record = pass_over_generated(i);
    return "";
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
    return error.what();
  }

  void name_everything() {
    const bool is_lossy = options_.mask_path == MaskPath::kMp4v;
    mask_identity_ =
        fmt::format("{} {} threshold {} frames {} fps {}{}", kCacheSchema,
                    mask_path_name(options_.mask_path), options_.threshold, job_.frames, job_.fps,
                    is_lossy ? " OpenCV " + mask_codec_version() : "");
    if (options_.colour_tags == ColourTags::kHonoured) mask_identity_ += " tagged colour";
    const auto shipped = [](const std::string& path) {
      return path.empty() ? std::string() : " masks " + sha256_file(path);
    };
    truth_key_ = sha256_hex(fmt::format("{}\n{}{}\n{}{}", mask_identity_, take1_.identity,
                                        shipped(job_.mask_video1), take2_ ? take2_->identity : "",
                                        shipped(job_.mask_video2)));
    for (const ViewClip& clip : generated_)
      keys_.push_back(
          sha256_hex(fmt::format("{}\n{} from {}", truth_key_, clip.identity, job_.drop_first)));
  }

  std::string cached(const char* kind, const std::string& key, const char* extension) const {
    const std::string directory = options_.cache + "/" + kind + "/" + key.substr(0, 2);
    create_directories(directory);
    return directory + "/" + key + extension;
  }
  std::string stem(std::size_t i) const { return cached("views", keys_[i], ""); }

  bool load_truth() {
    const std::string path = cached("truth", truth_key_, ".json");
    if (options_.force || !fs::exists(path)) return false;
    truth_ = truth_from_json(read_json(path));
    return true;
  }

  bool load_generated(std::size_t i, GeneratedRecord& record) const {
    const std::string path = stem(i) + ".json";
    if (options_.force || !fs::exists(path)) return false;
    if (options_.with_media && !fs::exists(stem(i) + ".jpg")) return false;
    record = generated_from_json(read_json(path));
    return true;
  }

  std::string file_of(const ViewClip& clip) const {
    if (clip.source.convert_to_fps <= 0.0) return clip.source.path;
    std::string path = cached("converted", sha256_hex(clip.identity), ".mp4");
    if (options_.force || !fs::exists(path))
      convert_frame_rate(clip.source.path, path, clip.source.convert_to_fps);
    return path;
  }

  ClipOptions clip_options(int64_t drop_first) const {
    ClipOptions options;
    options.mask_path = options_.mask_path;
    options.threshold = options_.threshold;
    options.frames = job_.frames;
    options.drop_first = drop_first;
    options.fps = job_.fps;
    options.colour_tags = options_.colour_tags;
    options.height = truth_.height;
    options.width = truth_.width;
    return options;
  }

  /// Masks of a real take, which rest in the cache while another clip is decoded: at 3840x2160 they
  /// are 10 MB.
  struct TakeMasks {
    MaskStack stack;
    std::string path;  // "" = published ones, which the cache has not

    void put_away() {
      if (!path.empty()) stack = MaskStack();
    }
    void fetch() {
      if (stack.frames() == 0) stack = MaskStack::deserialise(read_file(path), path);
    }
  };

  /// Published masks, cached ones, or computed during the pass and cached.
  TakeMasks real_masks(const ViewClip& clip,
                       std::unique_ptr<FrameReader> reader,
                       const std::string& mask_video,
                       const std::function<void(int64_t, const uint8_t*)>& on_frame) {
    const ClipOptions options = clip_options(0);
    const std::string path =
        cached("masks",
               sha256_hex(fmt::format("{}\n{}\n{}x{}", mask_identity_, clip.identity, truth_.width,
                                      truth_.height)),
               ".bits");
    const bool is_cached = !options_.force && fs::exists(path);
    const bool is_computed = mask_video.empty() && !is_cached;
    MaskStack masks =
        pass_over_clip(std::move(reader), options, is_computed, options_.cache, on_frame);
    if (!mask_video.empty())
      return {read_mask_video(mask_video, job_.frames, truth_.height, truth_.width), ""};
    if (is_cached) return {MaskStack::deserialise(read_file(path), path), path};
    write_file_atomic(path, masks.serialise());
    return {std::move(masks), path};
  }

  void pass_over_takes() {
    auto reader = open_clip(file_of(take1_), options_.colour_tags);
    const VideoInfo& info = reader->info();
    aspect1_ = static_cast<double>(info.width) / static_cast<double>(info.height);
    truth_.width = info.width / 4;
    truth_.height = info.height / 4;
    if (truth_.width < 1 || truth_.height < 1)
      throw Error(ErrorKind::kInput, info.path,
                  "is smaller than 4x4 pixels; nothing can be compared");
    frame_values_ = truth_.height * truth_.width * 3;
    const int64_t shelf_bytes =
        info.height * info.width < kLargePixels ? kShelfBytes : kShelfBytesOfLarge;
    shelf1_ = std::make_unique<FrameShelf>(frame_values_, shelf_bytes, options_.cache);
    samples1_ = std::make_unique<FrameSamples>(job_.frames, truth_.height, truth_.width);
    TruthRecord fresh;
    fresh.frames = job_.frames;
    fresh.fps = job_.fps;
    fresh.height = truth_.height;
    fresh.width = truth_.width;
    fresh.has_take2 = take2_.has_value();
    ViewMetrics& frozen = fresh.baselines["frozen"];
    ViewMetrics& delayed = fresh.baselines["delayed"];
    const auto delay = std::max<int64_t>(1, std::lround(kDelayedSeconds * job_.fps));
    std::vector<uint8_t> first;
    MotionFeatureCollector motion;
    masks1_ = real_masks(
        take1_, std::move(reader), job_.mask_video1, [&](int64_t index, const uint8_t* rgb) {
          shelf1_->append(rgb);
          if (options_.with_media) samples1_->push(index, rgb);
          if (has_truth_) return;
          motion.push(rgb, truth_.height, truth_.width);
          if (index == 0) first.assign(rgb, rgb + frame_values_);
          frozen.mse_v1.push_back(frame_mse(first.data(), rgb, frame_values_));
          const uint8_t* const earlier = shelf1_->frame(std::max<int64_t>(0, index - delay));
          delayed.mse_v1.push_back(frame_mse(earlier, rgb, frame_values_));
        });
    if (take2_) {
      masks1_.put_away();
      reader = open_clip(file_of(*take2_), options_.colour_tags);
      shelf2_ = std::make_unique<FrameShelf>(frame_values_, shelf_bytes, options_.cache);
      masks2_ = real_masks(*take2_, std::move(reader), job_.mask_video2,
                           [&](int64_t index, const uint8_t* rgb) {
                             shelf2_->append(rgb);
                             if (!has_truth_)
                               fresh.ceiling.variance_mse.push_back(
                                   frame_mse(shelf1_->frame(index), rgb, frame_values_));
                           });
    }
    if (has_truth_) return;
    fresh.motion = motion.features();
    finish_truth(fresh, frozen, delayed, delay);
    truth_ = fresh;
    write_file_atomic(cached("truth", truth_key_, ".json"), dump_json(truth_json(truth_)) + "\n");
    has_truth_ = true;
  }

  void finish_truth(TruthRecord& fresh, ViewMetrics& frozen, ViewMetrics& delayed, int64_t delay) {
    masks1_.fetch();
    const MaskStack& masks1 = masks1_.stack;
    const MaskStack& masks2 = masks2_.stack;
    const auto against_take1 = [&](const MaskStack& masks, ViewMetrics& metrics) {
      metrics.spatiotemporal_iou_v1 = spatiotemporal_iou(masks1, masks);
      metrics.spatial_iou_v1 = spatial_iou(masks1, masks);
      metrics.weighted_spatial_iou_v1 = weighted_spatial_iou(masks1, masks);
    };
    against_take1(masks1.delayed(masks1.frames()), frozen);  // a frozen picture never moves
    // A clip that starts late keeps its first background, so its masks are the same masks, later.
    against_take1(masks1.delayed(delay), delayed);
    for (int64_t t = 0; t < masks1.frames(); ++t) fresh.area_take1.push_back(masks1.area(t));
    if (!take2_) return;
    ViewMetrics& take2 = fresh.baselines["take2"];
    against_take1(masks2, take2);
    take2.mse_v1 = fresh.ceiling.variance_mse;
    fresh.ceiling.variance_spatial = take2.spatial_iou_v1;
    fresh.ceiling.variance_weighted_spatial = take2.weighted_spatial_iou_v1;
    fresh.ceiling.variance_spatiotemporal_iou = take2.spatiotemporal_iou_v1;
    for (int64_t t = 0; t < masks2.frames(); ++t) fresh.area_take2.push_back(masks2.area(t));
  }

  GeneratedRecord pass_over_generated(std::size_t i) {
    auto reader = open_clip(file_of(generated_[i]), options_.colour_tags);
    GeneratedRecord record;
    record.source_height = reader->info().height;
    record.source_width = reader->info().width;
    record.aspect_of_take1 = aspect1_;
    masks1_.put_away();
    masks2_.put_away();
    FrameSamples samples(job_.frames, truth_.height, truth_.width);
    MotionFeatureCollector motion;
    ViewMetrics& metrics = record.metrics;
    const MaskStack masks = pass_over_clip(
        std::move(reader), clip_options(job_.drop_first), true, options_.cache,
        [&](int64_t index, const uint8_t* rgb) {
          metrics.mse_v1.push_back(frame_mse(shelf1_->frame(index), rgb, frame_values_));
          if (take2_)
            metrics.mse_v2.push_back(frame_mse(shelf2_->frame(index), rgb, frame_values_));
          motion.push(rgb, truth_.height, truth_.width);
          if (options_.with_media) samples.push(index, rgb);
        });
    masks1_.fetch();
    const MaskStack& masks1 = masks1_.stack;
    metrics.spatiotemporal_iou_v1 = spatiotemporal_iou(masks1, masks);
    metrics.spatial_iou_v1 = spatial_iou(masks1, masks);
    metrics.weighted_spatial_iou_v1 = weighted_spatial_iou(masks1, masks);
    if (take2_) {
      masks2_.fetch();
      const MaskStack& masks2 = masks2_.stack;
      metrics.spatiotemporal_iou_v2 = spatiotemporal_iou(masks2, masks);
      metrics.spatial_iou_v2 = spatial_iou(masks2, masks);
      metrics.weighted_spatial_iou_v2 = weighted_spatial_iou(masks2, masks);
    }
    for (int64_t t = 0; t < masks.frames(); ++t) {
      int64_t common = 0;
      int64_t either = 0;
      motion_kernels().count_overlap(masks.frame(t), masks1.frame(t), masks.words_per_frame(),
                                     &common, &either);
      record.area.push_back(masks.area(t));
      record.overlap.push_back(common);
    }
    find_best_delay(masks, record);
    record.motion = motion.features();
    if (options_.with_media)
      write_view_media(stem(i), *samples1_, samples, masks1, masks, job_.fps);
    // Last: a record speaks for its media too.
    write_file_atomic(stem(i) + ".json", dump_json(generated_json(record)) + "\n");
    return record;
  }

  void find_best_delay(const MaskStack& masks, GeneratedRecord& record) const {
    const auto most = std::lround(kMostDelaySeconds * job_.fps);
    const auto step = std::max<int64_t>(1, std::lround(kDelayStepSeconds * job_.fps));
    for (int64_t k = 0; k <= most; k += step) {
      for (const int64_t delay : {k, -k}) {
        double sum = 0.0;
        int64_t counted = 0;
        for (int64_t t = std::max<int64_t>(0, delay);
             t < std::min(masks.frames(), masks.frames() + delay); ++t) {
          int64_t common = 0;
          int64_t either = 0;
          motion_kernels().count_overlap(masks.frame(t), masks1_.stack.frame(t - delay),
                                         masks.words_per_frame(), &common, &either);
          if (either == 0) continue;  // nothing moves in either: no evidence
          sum += static_cast<double>(common) / static_cast<double>(either);
          ++counted;
        }
        const double iou = counted == 0 ? 0.0 : sum / static_cast<double>(counted);
        if (iou > record.best_delay_iou) {
          record.best_delay_iou = iou;
          record.best_delay_frames = delay;
        }
        if (k == 0) break;
      }
    }
  }

  const ViewJob& job_;
  const ViewEvaluationOptions& options_;
  ViewClip take1_;
  std::optional<ViewClip> take2_;
  std::vector<ViewClip> generated_;
  std::string mask_identity_;
  std::string truth_key_;
  std::vector<std::string> keys_;
  bool has_truth_ = false;
  TruthRecord truth_;
  double aspect1_ = 0.0;
  int64_t frame_values_ = 0;
  std::unique_ptr<FrameShelf> shelf1_, shelf2_;
  std::unique_ptr<FrameSamples> samples1_;
  TakeMasks masks1_, masks2_;
};

}  // namespace

ViewOutcome evaluate_view(const ViewJob& job, const ViewEvaluationOptions& options) {
  return ViewEvaluator(job, options).evaluate();
}

}  // namespace physprobe
