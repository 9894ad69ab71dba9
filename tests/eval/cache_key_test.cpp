#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/eval/embedding_pass.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>

#include "eval/fake_encoder.h"

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
      {"sampling window", [](Ingredients& i) { i.suite.sampling.window_seconds = 1.0; }},
      {"stream", [](Ingredients& i) { i.suite.video.stream_index = 1; }},
      {"rotation", [](Ingredients& i) { i.suite.video.apply_rotation = false; }},
      {"truncated files", [](Ingredients& i) { i.suite.video.allow_truncated = true; }},
      {"image rate", [](Ingredients& i) { i.suite.video.image_sequence_fps = 24.0; }},
      {"fade control", [](Ingredients& i) { i.suite.fade_control = false; }},
      {"shuffled null", [](Ingredients& i) { i.suite.shuffled_null = false; }},
      {"shuffles", [](Ingredients& i) { i.suite.shuffles = 9; }},
      {"shuffled block", [](Ingredients& i) { i.suite.shuffled_max_frames = 16; }},
      {"seed", [](Ingredients& i) { i.suite.statistics.seed = 1; }},
      {"repeated frames", [](Ingredients& i) { i.suite.repeated_frames = RepeatedFrames::kDrop; }},
      {"geophys history", [](Ingredients& i) { i.suite.geophys.history = 2; }},
      {"geophys deviation",
       [](Ingredients& i) {
         i.suite.geophys.standard_deviation = GeophysOptions::StandardDeviation::kSample;
       }},
      {"geophys zero step",
       [](Ingredients& i) { i.suite.geophys.zero_step = GeophysOptions::ZeroStep::kZeroAngle; }},
      {"geophys residual",
       [](Ingredients& i) { i.suite.geophys.residual = GeophysOptions::Residual::kTrend; }}};
  for (const auto& [name, change] : changes) {
    Ingredients changed;
    change(changed);
    EXPECT_NE(changed.key(), base) << name;
  }
}

TEST(CacheKey, SamplingRateChangesTheKeyOfTheSchemeThatUsesIt) {
  Ingredients base;
  base.suite.sampling.scheme = "fps";
  base.suite.sampling.fps = 8.0;
  Ingredients faster = base;
  faster.suite.sampling.fps = 16.0;
  EXPECT_NE(faster.key(), base.key());
}

using testing::FakeEncoder;

std::string key_of(const FakeEncoder& described) {
  const Ingredients ingredients;
  EmbeddingJob job;
  job.encoder = std::make_shared<FakeEncoder>(described);
  job.taps = {"pixel"};
  return cache_key(ingredients.suite, job, ingredients.item, ingredients.digest);
}

TEST(CacheKey, EveryFieldOfTheEncodersDescriptionThatChangesAValueChangesTheKey) {
  const std::string base = key_of(FakeEncoder());
  const std::vector<std::pair<const char*, std::function<void(EncoderInfo&)>>> changes = {
      {"family", [](EncoderInfo& i) { i.family = "other"; }},
      {"architecture options", [](EncoderInfo& i) { i.canonical = "other"; }},
      {"weights digest", [](EncoderInfo& i) { i.weights_digest[5] = 'x'; }},
      {"colour", [](EncoderInfo& i) { i.preprocess.colour = ColourRule::kLuma; }},
      {"resize rule", [](EncoderInfo& i) { i.preprocess.resize = ResizeRule::kShortSide; }},
      {"height", [](EncoderInfo& i) { i.preprocess.height = 9; }},
      {"width", [](EncoderInfo& i) { i.preprocess.width = 9; }},
      {"filter", [](EncoderInfo& i) { i.preprocess.filter = ResampleFilter::kBilinear; }},
      {"antialias",
       [](EncoderInfo& i) { i.preprocess.arithmetic = ResampleArithmetic::kFloatPlain; }},
      {"crop", [](EncoderInfo& i) { i.preprocess.crop = 4; }},
      {"crop offset", [](EncoderInfo& i) { i.preprocess.crop_offset = CropOffset::kFloor; }},
      {"value range", [](EncoderInfo& i) { i.preprocess.scale_to_unit = false; }},
      {"mean", [](EncoderInfo& i) { i.preprocess.mean[1] = 0.25; }},
      {"standard deviation", [](EncoderInfo& i) { i.preprocess.stddev[2] = 0.5; }}};
  for (const auto& [name, change] : changes) {
    FakeEncoder changed;
    change(changed.info_);
    EXPECT_NE(key_of(changed), base) << name;
  }
  FakeEncoder renamed;
  renamed.info_.description = "other words";
  EXPECT_EQ(key_of(renamed), base) << "words change no value";
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
