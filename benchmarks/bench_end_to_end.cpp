#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/scratch_folder.h"
#include "physprobe/benchmarks/textured_clip.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/core/parallel.h"
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/eval/embedding_pass.h"
#include "physprobe/eval/suite.h"
#include "physprobe/video/preprocess.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace physprobe {
namespace {

constexpr int64_t kFrames = 32;
constexpr int64_t kChunk = 8;

/// What a run computes of a clip, but for its nulls and controls: they encode other frames.
const char* const kSuite =
    "sampling: {scheme: all}\n"
    "encoders: [{family: dinov2, options: {size: vits14, random_seed: 0}, taps: [norm]}]\n"
    "probes: [{name: straightening, options: {fade: false}}]\n"
    "nulls: {pixels: false, shuffled: false, untrained: false}\n";

}  // namespace

Results bench_end_to_end(int64_t repetitions) {
  const ScratchFolder folder;
  const Suite suite = parse_suite(kSuite, "bench");
  const std::shared_ptr<const Encoder> encoder =
      make_encoder(nlohmann::json::parse(suite.encoders.front().config));
  EmbeddingJob job;
  job.encoder = encoder;
  job.encoder_id = encoder->info().id;
  job.taps = {"norm"};
  Results results;
  for (const auto& [width, height] : {std::pair<int64_t, int64_t>{640, 360}, {1280, 720}}) {
    DatasetItem item;
    item.id = "clip";
    item.path = folder / fmt::format("{}.mp4", height);
    item.relative_path = item.path;
    write_textured_clip(item.path, width, height, kFrames);
    const auto reader = VideoReader::open(item.path);
    const at::Tensor decoded = reader->read(sample_all(reader->info()).indices).frames;
    const at::Tensor frames = preprocess_frames(decoded, encoder->info().preprocess).unsqueeze(1);
    const int threads = default_thread_count();
    at::Tensor pooled;
    const auto encode = [&] {
      std::vector<at::Tensor> parts;
      for (int64_t first = 0; first < kFrames; first += kChunk) {
        parts.push_back(
            encoder->encode(frames.narrow(0, first, kChunk), {{"norm"}, true, threads})[0].pooled);
      }
      pooled = at::cat(parts);
    };
    std::vector<StoreRecord> records;
    const auto embed = [&] {
      EmbeddingPassOptions options;
      options.threads = threads;
      options.chunk_frames = kChunk;
      options.is_interruptible = false;
      records = embed_item(suite, item, {job}, {std::string(64, '0')}, options);
    };
    const auto times = seconds_in_turns(repetitions, {encode, embed});
    const at::Tensor mean = pooled.to(at::kDouble).mean(at::IntArrayRef{0, 1}).to(at::kFloat);
    // A mean of 32 values in two orders of summation in double, rounded once.
    require_correct(at::allclose(records.front().fields.at("retrieval"), mean, 1e-6, 1e-6),
                    "end to end", "the stored vector is not that of the frames encoded alone");
    BenchmarkResult result;
    result.name = fmt::format("end-to-end/dinov2-vits14/{}x{}/threads-{}", width, height, threads);
    result.value = static_cast<double>(kFrames) / median(times[1]);
    result.unit = "frames/s";
    result.repetitions = repetitions;
    result.limit_name = "the encoder alone on the same frames, in turns";
    result.limit = static_cast<double>(kFrames) / median(times[0]);
    result.ratio = median_ratio(times[0], times[1]);
    result.verified = "the stored vector is the frames' mean";
    results.push_back(against_target(result, 0.9, true));
  }
  return results;
}

}  // namespace physprobe
