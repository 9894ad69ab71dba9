#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/encoders/encoder_factory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "exec_child.h"

namespace physprobe {
namespace {

using testing::exec_config;
using testing::exec_frames;

std::vector<TapOutput> encode(const Encoder& encoder,
                              const at::Tensor& frames,
                              const std::vector<std::string>& taps) {
  return encoder.encode(frames, {taps, true, 0});
}

TEST(ExecEncoder, TokensAreWhatTheProcessAnswers) {
  const auto encoder = make_encoder(exec_config());
  const at::Tensor frames = exec_frames(3, 2);
  const auto outputs = encode(*encoder, frames, {"channels", "pixel", "frame"});
  ASSERT_EQ(outputs.size(), 3U);
  EXPECT_TRUE(outputs[0].tokens.equal(frames.reshape({3, 2, 3, 40 * 28})));
  EXPECT_TRUE(outputs[1].tokens.equal(frames.reshape({3, 2, 1, -1})));
  EXPECT_TRUE(outputs[2].tokens.equal(frames.reshape({3, 2, 1, -1})));
  EXPECT_EQ(outputs[0].prefix_tokens, 1);
  EXPECT_EQ(outputs[0].grid_height, 1);
  EXPECT_EQ(outputs[0].grid_width, 2);
  // "first": token 0 stands for the frame; the patches' mean leaves it out.
  EXPECT_TRUE(outputs[0].pooled.equal(frames.reshape({3, 2, 3, -1}).select(2, 0)));
  const at::Tensor mean = frames.reshape({3, 2, 3, -1}).narrow(2, 1, 2).to(at::kDouble).mean(2);
  EXPECT_TRUE(outputs[0].patch_mean.equal(mean.to(at::kFloat)));
  EXPECT_TRUE(outputs[2].pooled.equal(frames.reshape({3, 2, -1})));
}

TEST(ExecEncoder, ShorthandNamesTheCommand) {
  const std::string command = exec_config()["options"]["command"];
  const auto encoder = make_encoder({{"id", "exec:" + command}});
  EXPECT_EQ(encoder->info().id, "exec-child-1");
  EXPECT_EQ(encoder->info().canonical, make_encoder(exec_config())->info().canonical);
  EXPECT_THROW(make_encoder({{"id", "exec:"}}), Error);
  EXPECT_THROW(make_encoder({{"id", "exec: "}}), Error);
  EXPECT_THROW(make_encoder({{"id", "exec:" + command}, {"family", "v1"}}), Error);
  EXPECT_THROW(make_encoder({{"id", "exec:" + command}, {"options", {{"command", command}}}}),
               Error);
}

TEST(ExecEncoder, DescriptionDecidesIdAndDefaults) {
  auto config = exec_config("ok", {{"name", "vit.s+1"},
                                   {"version", "2024-05"},
                                   {"description", "Words for people"},
                                   {"default_taps", {"frame"}},
                                   {"retrieval_tap", "frame"}});
  const EncoderInfo info = make_encoder(config)->info();
  EXPECT_EQ(info.id, "exec-vit.s+1-2024-05");
  EXPECT_EQ(info.description, "Words for people");
  EXPECT_EQ(info.default_taps, (std::vector<std::string>{"pixel", "frame"}));
  EXPECT_EQ(info.retrieval_tap, "frame");
  EXPECT_EQ(info.preprocess.height, 40);
  config["options"]["name"] = "other";
  config["preprocess"] = {{"filter", "bilinear"}};
  const EncoderInfo renamed = make_encoder(config)->info();
  EXPECT_EQ(renamed.id.rfind("exec-other-2024-05-p", 0), 0U) << renamed.id;
  EXPECT_EQ(renamed.preprocess.filter, ResampleFilter::kBilinear);
}

/// What enters a cache key beside preprocessing and taps.
std::string identity(const nlohmann::json& description) {
  const EncoderInfo info = make_encoder(exec_config("ok", description))->info();
  return info.canonical;
}

TEST(ExecEncoder, VersionAndDigestEnterTheIdentity) {
  // Without a description the child is started by the same command; the command's own share in the
  // identity is the contract test's (encoder_contract_test.cpp).
  const auto without_command = [](const std::string& text) {
    return text.substr(text.find(" model="));
  };
  const std::string base = without_command(identity(nlohmann::json::object()));
  EXPECT_EQ(base, without_command(identity({{"description", "other words"}, {"batch", 4}})));
  EXPECT_NE(base, without_command(identity({{"version", "2"}})));
  EXPECT_NE(base, without_command(identity({{"digest", std::string(64, 'a')}})));
  EXPECT_NE(base, without_command(identity({{"retrieval_tap", "frame"}})));
}

TEST(ExecEncoder, UntrainedWeightsAreTheModelsOwn) {
  const auto encoder = make_encoder(exec_config());
  const at::Tensor frames = exec_frames(2);
  const auto drawn = encoder->untrained(3);
  ASSERT_NE(drawn, nullptr);
  EXPECT_EQ(drawn->info().weights_digest, "random-3");
  // The child answers with the frames times (2 + seed).
  EXPECT_TRUE(
      encode(*drawn, frames, {"frame"})[0].tokens.equal((frames * 5.0).reshape({2, 1, 1, -1})));
  const auto without = make_encoder(exec_config("ok", {{"untrained", false}}));
  EXPECT_FALSE(without->info().has_weights);
  EXPECT_EQ(without->info().weights_digest, "none");
  EXPECT_EQ(without->untrained(3), nullptr);
}

TEST(ExecEncoder, BatchesAreCutToTheModelsLimit) {
  const at::Tensor frames = exec_frames(5);
  const auto whole = encode(*make_encoder(exec_config()), frames, {"frame"});
  const auto cut = encode(*make_encoder(exec_config("ok", {{"batch", 2}})), frames, {"frame"});
  EXPECT_TRUE(whole[0].tokens.equal(cut[0].tokens));
}

TEST(ExecEncoder, WholeBytesAreSentAsBytes) {
  // Without preprocessing frames come as they were decoded: the child sees uint8 and answers float.
  const auto encoder = make_encoder(exec_config("ok", {{"preprocess", nullptr}}));
  EXPECT_EQ(encoder->info().preprocess.resize, ResizeRule::kNone);
  EXPECT_FALSE(encoder->info().preprocess.scale_to_unit);
  const at::Tensor frames = (exec_frames(2) * 255).floor();
  EXPECT_TRUE(encode(*encoder, frames, {"frame"})[0].tokens.equal(frames.reshape({2, 1, 1, -1})));
}

TEST(ExecEncoder, GridIsHeldAgainstTheAnswer) {
  auto taps = [](const nlohmann::json& grid) {
    return nlohmann::json{
        {"taps", {{{"name", "channels"}, {"width", 1120}, {"prefix_tokens", 1}, {"grid", grid}}}}};
  };
  const auto output =
      encode(*make_encoder(exec_config("ok", taps({2, 1}))), exec_frames(1), {"channels"});
  EXPECT_EQ(output[0].grid_height, 2);
  EXPECT_EQ(output[0].grid_width, 1);
  const auto other = make_encoder(exec_config("ok", taps({3, 1})));
  EXPECT_THROW(encode(*other, exec_frames(1), {"channels"}), Error);
}

TEST(ExecEncoder, NoRequestForPixelsAlone) {
  // The child would crash at its first request; the frame itself needs none.
  const auto encoder = make_encoder(exec_config("crash"));
  EXPECT_NO_THROW(encode(*encoder, exec_frames(1), {"pixel"}));
}

TEST(ExecEncoder, SeveralThreadsMayAsk) {
  const auto encoder = make_encoder(exec_config());
  const at::Tensor frames = exec_frames(8);
  std::vector<std::thread> threads;
  std::vector<int> equal(4, 0);
  for (std::size_t t = 0; t < equal.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int64_t i = 0; i < 8; ++i) {
        const auto output = encode(*encoder, frames.narrow(0, i, 1), {"frame"});
        equal[t] += output[0].tokens.reshape({-1}).equal(frames[i].reshape({-1})) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(equal, (std::vector<int>{8, 8, 8, 8}));
}

TEST(ExecEncoder, LargeAnswersAndMuchErrorOutputDoNotBlock) {
  // 100,000 lines on standard error before the answer: more than a pipe holds.
  const auto encoder = make_encoder(exec_config("chatty"));
  const at::Tensor frames = exec_frames(64);
  EXPECT_TRUE(
      encode(*encoder, frames, {"frame"})[0].tokens.reshape({-1}).equal(frames.reshape({-1})));
}

TEST(ExecEncoder, ClosedPipeDoesNotRaiseSigpipeInTheHost) {
  // A host program need not ignore SIGPIPE: its default action would end this test.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  struct sigaction before {};
  sigaction(SIGPIPE, &standard, &before);
  const auto encoder = make_encoder(exec_config("exit"));
  EXPECT_THROW(encode(*encoder, exec_frames(64), {"frame"}), Error);
  sigaction(SIGPIPE, &before, nullptr);
}

}  // namespace
}  // namespace physprobe
