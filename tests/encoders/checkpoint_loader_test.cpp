#include "physprobe/encoders/checkpoint_loader.h"

#include "physprobe/core/error.h"
#include "physprobe/core/safetensors.h"

#include "support/temp_dir.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

namespace physprobe {
namespace {

using testing::TempDir;

class CheckpointLoader : public ::testing::Test {
 protected:
  Checkpoint checkpoint(const std::map<std::string, at::Tensor>& tensors) {
    write_safetensors(dir_ / "w.safetensors", tensors);
    return Checkpoint::open(dir_ / "w.safetensors");
  }

  std::string refusal(const std::map<std::string, at::Tensor>& tensors, ErrorKind kind) {
    try {
      load_strictly(checkpoint(tensors), wanted_, {"extra"}, "toy");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "accepted";
    return "";
  }

  TempDir dir_;
  std::vector<WantedTensor> wanted_ = {
      {"weight", {2, 3}, {"weight"}}, {"bias", {2}, {"bias"}}, {"qkv", {6}, {"q", "k", "v"}}};
  std::map<std::string, at::Tensor> good_ = {{"weight", at::ones({2, 3})},
                                             {"bias", at::zeros({2})},
                                             {"q", at::full({2}, 1.0)},
                                             {"k", at::full({2}, 2.0)},
                                             {"v", at::full({2}, 3.0)}};
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(CheckpointLoader, GivesWantedTensorsAndJoinsParts) {
  good_["extra"] = at::ones({1});
  const auto loaded = load_strictly(checkpoint(good_), wanted_, {"extra"}, "toy");
  EXPECT_EQ(loaded.size(), 3U);
  EXPECT_TRUE(at::equal(loaded.at("weight"), at::ones({2, 3})));
  EXPECT_TRUE(at::equal(loaded.at("qkv"), at::tensor({1.F, 1.F, 2.F, 2.F, 3.F, 3.F})));
}

TEST_F(CheckpointLoader, EveryDisagreementIsListedAtOnce) {
  good_.erase("bias");
  good_.erase("k");
  good_["weight"] = at::ones({3, 2});
  good_["v"] = at::ones({6});
  good_["surplus"] = at::ones({1});
  good_["another"] = at::ones({1});
  const std::string message = refusal(good_, ErrorKind::kIncompatible);
  EXPECT_TRUE(contains(message, "missing (2):")) << message;
  EXPECT_TRUE(contains(message, "bias [2]")) << message;
  EXPECT_TRUE(contains(message, "k [2]")) << message;
  EXPECT_TRUE(contains(message, "mis-shaped (2):")) << message;
  EXPECT_TRUE(contains(message, "weight is [3,2], expected [2,3]")) << message;
  EXPECT_TRUE(contains(message, "v is [6], expected [2]")) << message;
  EXPECT_TRUE(contains(message, "unexpected (2):")) << message;
  EXPECT_TRUE(contains(message, "surplus")) << message;
  EXPECT_TRUE(contains(message, "another")) << message;
}

TEST_F(CheckpointLoader, NotFiniteValuesAreListedByTensor) {
  good_["weight"][1][2] = std::numeric_limits<float>::quiet_NaN();
  good_["v"].fill_(std::numeric_limits<float>::infinity());
  const std::string message = refusal(good_, ErrorKind::kInput);
  EXPECT_TRUE(contains(message, "weight: 1 of 6")) << message;
  EXPECT_TRUE(contains(message, "v: 2 of 2")) << message;
  EXPECT_FALSE(contains(message, "bias")) << message;
}

TEST_F(CheckpointLoader, DoublesBeyondTheRangeOfFloatAreNotFinite) {
  good_["bias"] = at::full({2}, 1e30, at::kDouble) * 1e30;
  EXPECT_TRUE(contains(refusal(good_, ErrorKind::kInput), "bias: 2 of 2"));
}

}  // namespace
}  // namespace physprobe
