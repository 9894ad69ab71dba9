#include "physprobe/eval/embedding_pass.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/interrupt.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/ordered_pipeline.h"
#include "physprobe/core/parallel.h"
#include "physprobe/core/rng.h"
#include "physprobe/eval/array_probe.h"
#include "physprobe/eval/frame_preparation.h"
#include "physprobe/eval/report_media.h"
#include "physprobe/eval/stored_geometry.h"
#include "physprobe/eval/tap_trajectory.h"
#include "physprobe/probes/cross_fade.h"
#include "physprobe/probes/shuffled_null.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

void stop_if_asked(const EmbeddingPassOptions& options) {
  if (options.is_interruptible && interrupt_signal() != 0) throw Interrupted{};
}

/// One job's state over one clip.
class JobPass {
 public:
  JobPass(const Suite& suite,
          const EmbeddingJob& job,
          std::string item_id,
          int64_t n_samples,
          int threads)
      : suite_(suite),
        job_(job),
        item_id_(std::move(item_id)),
        n_samples_(n_samples),
        n_steps_(steps_of(n_samples)) {
    encode_.taps = job.taps;
    encode_.keep_tokens = true;
    encode_.threads = threads;
    const std::string& retrieval = job.encoder->info().retrieval_tap;
    if (is_main() &&
        std::find(encode_.taps.begin(), encode_.taps.end(), retrieval) == encode_.taps.end()) {
      encode_.taps.push_back(retrieval);
    }
    const bool keep = is_main() && suite.shuffled_null && n_steps_ >= 3;
    const int64_t kept = keep ? std::min(n_steps_, suite.shuffled_max_frames) : 0;
    const int64_t begin = (n_steps_ - kept) / 2;
    for (const std::string& tap : job.taps) taps_.emplace_back(tap, begin, begin + kept);
    if (has_fade()) {
      for (const std::string& tap : job.taps) fades_.emplace_back(tap, 0, 0);
    }
    tokens_.resize(job.taps.size());
  }

  bool is_main() const { return job_.untrained_seed < 0; }
  bool has_fade() const { return is_main() && suite_.fade_control && n_steps_ >= 3; }
  /// A video model sees the whole clip at once, an image model frame by frame.
  bool is_video_model() const { return job_.encoder->info().frames_per_step > 1; }
  bool gains_from_batches() const { return job_.encoder->info().gains_from_batches; }

  /// The taps of `frames` by `threads`; nothing yet for a video model. May be called from several
  /// threads.
  std::vector<TapOutput> encode(const PreparedFrames& frames, int threads) const {
    if (is_video_model()) return {};
    EncodeOptions options = encode_;
    options.threads = threads;
    return encode(input_of(frames), options);
  }

  /// The same frames and their taps, in the clip's order.
  void take(const PreparedFrames& frames, const std::vector<TapOutput>& outputs) {
    const at::Tensor& input = input_of(frames);
    if (has_fade()) {
      if (!first_.defined()) first_ = input[0].clone();
      last_ = input[input.size(0) - 1];
    }
    if (!is_video_model()) return take(outputs, frames.repeats);
    for (std::size_t i = 0; i < frames.repeats.size(); ++i) {
      for (int64_t r = 0; r < frames.repeats[i]; ++r)
        clip_.push_back(input[static_cast<int64_t>(i)]);
    }
  }

  /// Encodes what a video model was fed.
  void end_of_clip() {
    if (!is_video_model()) return;
    const std::vector<TapOutput> outputs = encode(at::stack(clip_), encode_);
    clip_.clear();
    take(outputs, std::vector<int64_t>(static_cast<std::size_t>(n_steps_), 1));
  }

  /// The matched control: a float cross-fade between the clip's own preprocessed end frames, as
  /// many frames as the clip.
  void run_fade(const EmbeddingPassOptions& options) {
    if (!has_fade()) return;
    EncodeOptions fade_taps = encode_;
    fade_taps.taps = job_.taps;
    const int64_t chunk = is_video_model() ? n_samples_ : options.chunk_frames;
    for (int64_t begin = 0; begin < n_samples_; begin += chunk) {
      stop_if_asked(options);
      const int64_t end = std::min(n_samples_, begin + chunk);
      std::vector<at::Tensor> frames;
      for (int64_t i = begin; i < end; ++i)
        frames.push_back(cross_fade_frame(first_, last_, i, n_samples_));
      const auto outputs = encode(at::stack(frames), fade_taps);
      const int64_t steps = (end - begin) / job_.encoder->info().frames_per_step;
      accumulate(fades_, outputs, std::vector<int64_t>(static_cast<std::size_t>(steps), 1));
    }
  }

  StoreRecord finish(const std::string& key, Json meta, int threads) const {
    StoreRecord record;
    record.key = key;
    record.item_id = item_id_;
    record.space = space_name(suite_, job_);
    Json& taps = meta["taps"] = Json::object();
    for (std::size_t t = 0; t < taps_.size(); ++t) {
      const std::string& tap = taps_[t].tap();
      put_geometry(record, tap + "/", taps_[t].geometry());
      Json values = Json::object();
      values["geophys"] =
          geophys_json(geophys_statistics(taps_[t].pooled_trajectory(), suite_.geophys), false);
      if (taps_[t].has_kept_vectors()) {
        const at::Tensor distances = pairwise_distances(taps_[t].kept_vectors(), threads);
        // The orders depend on the content's key, not on the item's name or place.
        values["shuffled"] = shuffled_null(distances, suite_.shuffles,
                                           derive_seed(suite_.statistics.seed, key.c_str()));
      }
      if (has_fade()) put_geometry(record, tap + "/fade_", fades_[t].geometry());
      if (job_.keep_tokens) record.fields[tap + "/tokens"] = at::stack(tokens_[t]);
      taps[tap] = values;
    }
    if (is_main()) {
      const at::Tensor retrieval = (retrieval_sum_ / static_cast<double>(n_steps_)).to(at::kFloat);
      if (!at::isfinite(retrieval).all().item<bool>()) {
        throw Error(ErrorKind::kInput, item_id_,
                    fmt::format("{} gives numbers that are not finite at tap '{}'; they are never "
                                "averaged away",
                                job_.encoder_id, job_.encoder->info().retrieval_tap));
      }
      record.fields["retrieval"] = retrieval;
    }
    record.meta = dump_json(meta);
    return record;
  }

 private:
  const at::Tensor& input_of(const PreparedFrames& frames) const {
    return frames.inputs.at(job_.encoder->info().preprocess.canonical());
  }

  int64_t steps_of(int64_t n_samples) const {
    const EncoderInfo& info = job_.encoder->info();
    if (n_samples % info.frames_per_step == 0) return n_samples / info.frames_per_step;
    throw Error(
        ErrorKind::kInput, item_id_,
        fmt::format("is sampled at {} frames, but {} sees {} at a time; nothing is dropped: "
                    "choose another number of samples (sampling.n)",
                    n_samples, info.id, info.frames_per_step));
  }

  /// One output per tap for `frames` (T, C, H, W), each (steps, 1, …): a step is a frame, or
  /// frames_per_step of them. An encoder knows no items: its errors get the item's name here.
  std::vector<TapOutput> encode(const at::Tensor& frames, const EncodeOptions& options) const {
    try {
      if (!is_video_model()) return job_.encoder->encode(frames.unsqueeze(1), options);
      std::vector<TapOutput> outputs = job_.encoder->encode(frames.unsqueeze(0), options);
      for (TapOutput& output : outputs) {
        for (at::Tensor* tensor : {&output.tokens, &output.pooled, &output.patch_mean}) {
          *tensor = tensor->transpose(0, 1);
        }
      }
      return outputs;
    } catch (const Error& error) {
      throw Error(error.kind(), item_id_, error.what());
    }
  }

  void take(const std::vector<TapOutput>& outputs, const std::vector<int64_t>& repeats) {
    accumulate(taps_, outputs, repeats);
    if (is_main()) add_retrieval(outputs, repeats);
    if (!job_.keep_tokens) return;
    for (std::size_t t = 0; t < taps_.size(); ++t) {
      for (std::size_t i = 0; i < repeats.size(); ++i) {
        for (int64_t r = 0; r < repeats[i]; ++r)
          tokens_[t].push_back(outputs[t].tokens[static_cast<int64_t>(i)][0].clone());
      }
    }
  }

  void accumulate(std::vector<TapTrajectory>& trajectories,
                  const std::vector<TapOutput>& outputs,
                  const std::vector<int64_t>& repeats) const {
    // Taps are independent of one another; inside a tap the frames follow in order.
    parallel_for(static_cast<int64_t>(trajectories.size()), encode_.threads, [&](int64_t t) {
      const TapOutput& output = outputs[static_cast<std::size_t>(t)];
      for (std::size_t i = 0; i < repeats.size(); ++i) {
        const int64_t row = static_cast<int64_t>(i);
        trajectories[static_cast<std::size_t>(t)].add(output.tokens[row][0],
                                                      output.patch_mean[row][0], repeats[i]);
      }
    });
  }

  void add_retrieval(const std::vector<TapOutput>& outputs, const std::vector<int64_t>& repeats) {
    const std::string& name = job_.encoder->info().retrieval_tap;
    const auto found = std::find_if(outputs.begin(), outputs.end(),
                                    [&](const TapOutput& o) { return o.name == name; });
    for (std::size_t i = 0; i < repeats.size(); ++i) {
      const at::Tensor pooled = found->pooled[static_cast<int64_t>(i)][0].to(at::kDouble) *
                                static_cast<double>(repeats[i]);
      retrieval_sum_ = retrieval_sum_.defined() ? retrieval_sum_ + pooled : pooled;
    }
  }

  const Suite& suite_;
  const EmbeddingJob& job_;
  std::string item_id_;
  int64_t n_samples_;
  int64_t n_steps_;
  EncodeOptions encode_;
  std::vector<at::Tensor> clip_;  ///< Preprocessed frames that a video model waits for.
  std::vector<TapTrajectory> taps_;
  std::vector<TapTrajectory> fades_;
  std::vector<std::vector<at::Tensor>> tokens_;
  at::Tensor retrieval_sum_;
  at::Tensor first_;
  at::Tensor last_;
};

Json video_json(const VideoInfo& info) {
  return Json{{"width", info.width},
              {"height", info.height},
              {"fps", info.fps},
              {"is_variable_rate", info.is_variable_rate},
              {"frame_count", info.frame_count},
              {"duration_seconds", info.end_seconds - info.begin_seconds},
              {"codec", info.codec},
              {"container", info.container},
              {"bit_depth", info.bit_depth},
              {"damage", info.damage}};
}

Json sampling_json(const Suite& suite, const VideoInfo& info, const SampledFrames& sampled) {
  Json pts = Json::array();
  for (const int64_t index : sampled.indices)
    pts.push_back(info.pts_seconds[static_cast<std::size_t>(index)]);
  return Json{{"scheme", suite.sampling.scheme},
              {"indices", sampled.indices},
              {"pts_seconds", pts},
              {"n_distinct", sampled.n_distinct}};
}

/// A group of frames, and its taps by every pass.
struct EncodedFrames {
  PreparedFrames frames;
  std::vector<std::vector<TapOutput>> outputs;
};

/// Feeds a clip's frames to all passes. Encoders that spread samples over threads get single
/// frames, several at a time, so that no thread waits for the others at the end of a batch or while
/// a frame is decoded; encoders that gain from batches get `chunk_frames` at once.
void encode_in_order(FramePreparation& frames,
                     const std::vector<std::unique_ptr<JobPass>>& passes,
                     const EmbeddingPassOptions& options) {
  // A video model waits for the whole clip anyway.
  const bool by_frame = std::none_of(passes.begin(), passes.end(), [](const auto& pass) {
    return !pass->is_video_model() && pass->gains_from_batches();
  });
  const int64_t group = by_frame ? 1 : options.chunk_frames;
  OrderedPipeline<PreparedFrames, EncodedFrames> pipeline(
      [&] {
        stop_if_asked(options);
        return frames.next(group);
      },
      [&](PreparedFrames prepared) {
        EncodedFrames encoded{std::move(prepared), {}};
        for (const auto& pass : passes)
          encoded.outputs.push_back(pass->encode(encoded.frames, by_frame ? 1 : options.threads));
        return encoded;
      },
      [&](const EncodedFrames& encoded) {
        for (std::size_t i = 0; i < passes.size(); ++i)
          passes[i]->take(encoded.frames, encoded.outputs[i]);
      });
  if (!by_frame) return pipeline.run_in_caller();
  const int64_t threads = options.threads == 0 ? default_thread_count() : options.threads;
  pipeline.run(static_cast<int>(std::min(threads, options.chunk_frames)), options.chunk_frames);
}

}  // namespace

std::vector<StoreRecord> embed_item(const Suite& suite,
                                    const DatasetItem& item,
                                    const std::vector<EmbeddingJob>& jobs,
                                    const std::vector<std::string>& keys,
                                    const EmbeddingPassOptions& options) {
  VideoOptions video_options = suite.video;
  video_options.start_seconds = item.start_seconds;
  video_options.stop_seconds = item.stop_seconds;
  const auto reader = VideoReader::open(item.path, video_options);
  const VideoInfo info = reader->info();
  const SampledFrames sampled = sample_frames(info, suite.sampling);
  if (suite.repeated_frames == RepeatedFrames::kError &&
      sampled.n_distinct < static_cast<int64_t>(sampled.indices.size())) {
    throw Error(
        ErrorKind::kInput, item.relative_path,
        fmt::format(
            "{} samples show only {} distinct frames and repeated_frames is 'error'; sample at the "
            "video's own rate (sampling.scheme=native) or choose 'reuse' or 'drop'",
            sampled.indices.size(), sampled.n_distinct));
  }
  const int64_t n_samples = static_cast<int64_t>(sampled.indices.size());
  std::vector<std::unique_ptr<JobPass>> passes;
  std::vector<PreprocessSpec> specs;
  for (const EmbeddingJob& job : jobs) {
    passes.push_back(std::make_unique<JobPass>(suite, job, item.id, n_samples, options.threads));
    specs.push_back(job.encoder->info().preprocess);
  }
  FramePreparation frames(*reader, sampled.indices, specs, options.chunk_frames);
  std::optional<ReportMedia> media;
  if (!options.media_directory.empty()) {
    media.emplace(frames.distinct_indices(), suite.strip_frames, suite.report_clips);
    frames.show_to([&](int64_t index, double pts_seconds, const at::Tensor& frame) {
      media->add(index, pts_seconds, frame);
    });
  }
  encode_in_order(frames, passes, options);

  Json meta = Json::object();
  meta["video"] = video_json(info);
  meta["sampling"] = sampling_json(suite, info, sampled);
  std::vector<StoreRecord> records;
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    passes[j]->end_of_clip();
    passes[j]->run_fade(options);
    records.push_back(passes[j]->finish(keys[j], meta, options.threads));
    passes[j].reset();
  }
  if (media) {
    const Json written = media->write(options.media_directory, options.media_stem, "media/");
    write_file_atomic(options.media_directory + "/" + options.media_stem + ".json",
                      dump_json_pretty(written));
  }
  return records;
}

}  // namespace physprobe
