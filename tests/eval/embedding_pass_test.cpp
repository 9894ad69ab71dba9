#include "physprobe/eval/embedding_pass.h"

#include "physprobe/core/error.h"
#include "physprobe/eval/item_failure.h"

#include "support/small_items.h"
#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <limits>
#include <mutex>
#include <set>

#include "eval/fake_encoder.h"

namespace physprobe {
namespace {

class EmbeddingPass : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_small_item(dir_ / "item", 1, 5);
    item_.id = "item";
    item_.path = dir_ / "item";
    item_.relative_path = "item";
  }

  /// What happens when the encoder's output is changed by `spoil`.
  std::vector<StoreRecord> embed(const std::function<void(TapOutput&)>& spoil,
                                 bool gains_from_batches = false,
                                 const EmbeddingPassOptions& options = {}) const {
    const auto encoder = std::make_shared<testing::FakeEncoder>();
    encoder->info_.gains_from_batches = gains_from_batches;
    encoder->spoil_ = spoil;
    EmbeddingJob job;
    job.encoder = encoder;
    job.encoder_id = "fake";
    job.taps = {"pixel"};
    const Suite suite = parse_suite("sampling: {scheme: all}\nencoders: [{family: v1}]\n", "suite");
    return embed_item(suite, item_, {job}, {std::string(64, 'k')}, options);
  }

  void expect_refused(const std::function<void(TapOutput&)>& spoil, const std::string& what) const {
    try {
      embed(spoil);
      ADD_FAILURE() << what << ": expected an error";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput) << what << ": " << error.what();
      EXPECT_FALSE(ends_the_run(error, item_)) << what;
    }
  }

  testing::TempDir dir_;
  DatasetItem item_;
};

TEST_F(EmbeddingPass, NonFiniteNumbersFailTheItemAndAreNeverAveragedAway) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  ASSERT_EQ(embed({}).size(), 1U);
  expect_refused([&](TapOutput& o) { o.tokens[0][0][0][3] = nan; }, "NaN token");
  expect_refused([&](TapOutput& o) { o.tokens[0][0][0][0] = infinity; }, "infinite token");
  expect_refused([&](TapOutput& o) { o.pooled[0][0][0] = nan; }, "NaN in the pooled vector");
  expect_refused(
      [&](TapOutput& o) {
        o.patch_mean = o.pooled.clone();
        o.patch_mean[0][0][1] = -infinity;
      },
      "infinite mean of patches");
}

TEST_F(EmbeddingPass, OnlyEncodersThatGainFromBatchesGetSeveralFramesAtOnce) {
  const StoreRecord expected = embed({})[0];
  for (const bool gains : {false, true}) {
    for (const int threads : {1, 3}) {
      std::mutex mutex;
      std::multiset<int64_t> batches;
      EmbeddingPassOptions options;
      options.threads = threads;
      options.chunk_frames = 3;
      const StoreRecord record = embed(
          [&](TapOutput& output) {
            const std::lock_guard<std::mutex> lock(mutex);
            batches.insert(output.tokens.size(0));
          },
          gains, options)[0];
      // The control of 5 cross-faded frames goes in chunks of 3 either way.
      const std::multiset<int64_t> fade = {2, 3};
      std::multiset<int64_t> clip = gains ? fade : std::multiset<int64_t>{1, 1, 1, 1, 1};
      clip.insert(fade.begin(), fade.end());
      EXPECT_EQ(batches, clip) << gains << " " << threads;
      EXPECT_EQ(record.meta, expected.meta);
      ASSERT_EQ(record.fields.size(), expected.fields.size());
      for (const auto& [name, field] : expected.fields)
        EXPECT_TRUE(at::equal(record.fields.at(name), field)) << name;
    }
  }
}

TEST_F(EmbeddingPass, ErrorsOfTheItemDoNotEndARun) {
  const auto ends = [&](ErrorKind kind, const std::string& subject, const std::string& text) {
    return ends_the_run(Error(kind, subject, text), item_);
  };
  EXPECT_FALSE(ends(ErrorKind::kInput, item_.path, "is damaged"));
  EXPECT_FALSE(ends(ErrorKind::kUsage, "sampling.fps", "too many samples for this video"));
  EXPECT_FALSE(ends(ErrorKind::kResource, item_.path + "/1.png", "more than max_pixels = 9"));
  EXPECT_TRUE(ends(ErrorKind::kResource, "/out/media/a.jpg", "cannot be written (disk full)"));
  EXPECT_TRUE(ends(ErrorKind::kResource, item_.path, "out of memory"));
  EXPECT_TRUE(ends(ErrorKind::kInternal, item_.path, "a defect"));
}

/// Two frames a step: a token of each step is the pixels of both.
class PairsEncoder final : public Encoder {
 public:
  PairsEncoder() {
    info_ = testing::FakeEncoder().info();
    info_.frames_per_step = 2;
  }
  const EncoderInfo& info() const override { return info_; }
  std::vector<TapOutput> encode(const at::Tensor& input, const EncodeOptions&) const override {
    clips_.push_back(input.size(1));
    TapOutput output;
    output.name = "pixel";
    output.tokens = input.reshape({input.size(0), input.size(1) / 2, 1, -1}).clone();
    output.pooled = output.tokens.squeeze(2).clone();
    output.patch_mean = output.pooled;
    return {output};
  }
  std::unique_ptr<Encoder> untrained(uint64_t) const override { return nullptr; }

  EncoderInfo info_;
  mutable std::vector<int64_t> clips_;  ///< Frames of every clip seen.
};

class VideoEmbeddingPass : public EmbeddingPass {
 protected:
  StoreRecord embed(int64_t frames, int64_t chunk) {
    testing::write_small_item(dir_ / "clip", 1, frames);
    item_.path = dir_ / "clip";
    encoder_ = std::make_shared<PairsEncoder>();
    EmbeddingJob job;
    job.encoder = encoder_;
    job.encoder_id = "pairs";
    job.taps = {"pixel"};
    job.keep_tokens = true;
    const Suite suite = parse_suite("sampling: {scheme: all}\nencoders: [{family: v1}]\n", "suite");
    EmbeddingPassOptions options;
    options.chunk_frames = chunk;
    return embed_item(suite, item_, {job}, {std::string(64, 'k')}, options)[0];
  }
  std::shared_ptr<PairsEncoder> encoder_;
};

TEST_F(VideoEmbeddingPass, AVideoModelSeesTheWholeClipAndYieldsAStepForItsFrames) {
  const StoreRecord record = embed(8, 3);
  for (const int64_t frames : encoder_->clips_) EXPECT_EQ(frames, 8);
  EXPECT_EQ(record.fields.at("pixel/tokens").size(0), 4);
  const StoreRecord other = embed(8, 8);
  EXPECT_TRUE(at::equal(record.fields.at("pixel/tokens"), other.fields.at("pixel/tokens")));
  EXPECT_TRUE(at::equal(record.fields.at("retrieval"), other.fields.at("retrieval")));
}

TEST_F(VideoEmbeddingPass, FramesThatFillNoStepFailTheItemWithAdvice) {
  try {
    embed(7, 3);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_NE(std::string(error.what()).find("sampled at 7 frames"), std::string::npos)
        << error.what();
    EXPECT_FALSE(ends_the_run(error, item_));
  }
}

}  // namespace
}  // namespace physprobe
