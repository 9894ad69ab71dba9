#include "physprobe/eval/embedding_pass.h"

#include "physprobe/core/error.h"
#include "physprobe/eval/item_failure.h"

#include "support/small_items.h"
#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <limits>

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
  std::vector<StoreRecord> embed(const std::function<void(TapOutput&)>& spoil) const {
    const auto encoder = std::make_shared<testing::FakeEncoder>();
    encoder->spoil_ = spoil;
    EmbeddingJob job;
    job.encoder = encoder;
    job.encoder_id = "fake";
    job.taps = {"pixel"};
    const Suite suite = parse_suite("sampling: {scheme: all}\nencoders: [{family: v1}]\n", "suite");
    return embed_item(suite, item_, {job}, {std::string(64, 'k')}, {});
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
  expect_refused([&](TapOutput& o) { o.tokens[1][0][0][0] = infinity; }, "infinite token");
  expect_refused([&](TapOutput& o) { o.pooled[0][0][0] = nan; }, "NaN in the pooled vector");
  expect_refused(
      [&](TapOutput& o) {
        o.patch_mean = o.pooled.clone();
        o.patch_mean[2][0][1] = -infinity;
      },
      "infinite mean of patches");
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

}  // namespace
}  // namespace physprobe
