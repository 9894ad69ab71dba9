#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/eval/embedding_pass.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>

namespace physprobe {
namespace {

/// Everything a key is made from, changed one field at a time.
struct Ingredients {
  Suite suite = parse_suite("dataset: {path: x}\nencoders: [{family: v1}]\n", "suite");
  nlohmann::json encoder = {{"family", "v1"}};
  std::vector<std::string> taps = {"pixel", "v1"};
  DatasetItem item;
  std::string digest = std::string(64, 'a');
  bool keep_tokens = false;

  std::string key() const {
    EmbeddingJob job;
    job.encoder = make_encoder(encoder);
    job.taps = taps;
    job.keep_tokens = keep_tokens;
    return cache_key(suite, job, item, digest);
  }
};

TEST(CacheKey, EveryFieldThatChangesAValueChangesTheKey) {
  const std::string base = Ingredients().key();
  const std::vector<std::pair<const char*, std::function<void(Ingredients&)>>> changes = {
      {"encoder family",
       [](Ingredients& i) {
         i.encoder = {{"family", "pixels"}}, i.taps = {"pixel"};
       }},
      {"encoder option", [](Ingredients& i) { i.encoder["options"]["orientations"] = 4; }},
      {"input size", [](Ingredients& i) { i.encoder["options"]["size"] = 128; }},
      {"taps",
       [](Ingredients& i) {
         i.taps = {"pixel", "retina"};
       }},
      {"tokens kept", [](Ingredients& i) { i.keep_tokens = true; }},
      {"video", [](Ingredients& i) { i.digest[3] = 'b'; }},
      {"start", [](Ingredients& i) { i.item.start_seconds = 1.0; }},
      {"stop", [](Ingredients& i) { i.item.stop_seconds = 1.0; }},
      {"sampling scheme", [](Ingredients& i) { i.suite.sampling.scheme = "uniform"; }},
      {"sampling n", [](Ingredients& i) { i.suite.sampling.n = 23; }},
      {"stream", [](Ingredients& i) { i.suite.video.stream_index = 1; }},
      {"rotation", [](Ingredients& i) { i.suite.video.apply_rotation = false; }},
      {"truncated files", [](Ingredients& i) { i.suite.video.allow_truncated = true; }},
      {"image rate", [](Ingredients& i) { i.suite.video.image_sequence_fps = 24.0; }},
      {"fade control", [](Ingredients& i) { i.suite.fade_control = false; }},
      {"shuffled null", [](Ingredients& i) { i.suite.shuffled_null = false; }},
      {"shuffles", [](Ingredients& i) { i.suite.shuffles = 9; }},
      {"shuffled block", [](Ingredients& i) { i.suite.shuffled_max_frames = 16; }},
      {"seed", [](Ingredients& i) { i.suite.statistics.seed = 1; }},
      {"geophys history", [](Ingredients& i) { i.suite.geophys.history = 2; }}};
  for (const auto& [name, change] : changes) {
    Ingredients changed;
    change(changed);
    EXPECT_NE(changed.key(), base) << name;
  }
}

TEST(CacheKey, NothingElseChangesTheKey) {
  const std::string base = Ingredients().key();
  const std::vector<std::pair<const char*, std::function<void(Ingredients&)>>> changes = {
      {"path", [](Ingredients& i) { i.item.path = "/elsewhere/clip.mp4"; }},
      {"id", [](Ingredients& i) { i.item.id = "other"; }},
      {"label", [](Ingredients& i) { i.item.label = "generated"; }},
      {"decode threads", [](Ingredients& i) { i.suite.video.decode_threads = 4; }},
      {"k", [](Ingredients& i) { i.suite.k = 7; }},
      {"resamples", [](Ingredients& i) { i.suite.statistics.resamples = 10; }},
      {"name", [](Ingredients& i) { i.suite.name = "other"; }}};
  for (const auto& [name, change] : changes) {
    Ingredients changed;
    change(changed);
    EXPECT_EQ(changed.key(), base) << name;
  }
}

}  // namespace
}  // namespace physprobe
