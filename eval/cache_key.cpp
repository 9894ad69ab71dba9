#include "physprobe/core/hashing.h"
#include "physprobe/eval/embedding_pass.h"

#include <fmt/format.h>

namespace physprobe {
namespace {

/// Raise when a change of code changes stored numbers, so that old rows are never mistaken for new
/// ones.
constexpr int kNumericsVersion = 1;
constexpr int kRecordSchema = 1;

std::string preprocess_and_weights(const EmbeddingJob& job) {
  const EncoderInfo& info = job.encoder->info();
  return fmt::format("encoder={}\noptions={}\nweights={}\npreprocess={}\ndtype=float32\n",
                     info.family, info.canonical, info.weights_digest, info.preprocess.canonical());
}

std::string optional_seconds(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : std::string("none");
}

}  // namespace

std::string space_name(const Suite& suite, const EmbeddingJob& job) {
  return sha256_hex(preprocess_and_weights(job) + "sampling=" + suite.sampling.canonical());
}

std::string cache_key(const Suite& suite,
                      const EmbeddingJob& job,
                      const DatasetItem& item,
                      const std::string& video_digest) {
  std::string text =
      fmt::format("physprobe-embedding\nschema={}\nnumerics={}\n", kRecordSchema, kNumericsVersion);
  text += preprocess_and_weights(job);
  text += "taps=";
  for (const std::string& tap : job.taps) text += tap + ",";
  text +=
      fmt::format("\nkeep_tokens={}\nsampling={}\n", job.keep_tokens, suite.sampling.canonical());
  text += fmt::format(
      "video={}\nstart={}\nstop={}\nstream={}\nrotation={}\ntruncated={}\nimage_fps={}\n",
      video_digest, optional_seconds(item.start_seconds), optional_seconds(item.stop_seconds),
      suite.video.stream_index, suite.video.apply_rotation, suite.video.allow_truncated,
      suite.video.image_sequence_fps);
  text += fmt::format("repeated={}\ngeophys={}\n", static_cast<int>(suite.repeated_frames),
                      suite.geophys.canonical());
  const bool is_main = job.untrained_seed < 0;
  text += fmt::format("fade={}\n", is_main && suite.fade_control);
  if (is_main && suite.shuffled_null) {
    text += fmt::format("shuffles={}\nshuffled_max_frames={}\nseed={}\n", suite.shuffles,
                        suite.shuffled_max_frames, suite.statistics.seed);
  }
  return sha256_hex(text);
}

}  // namespace physprobe
