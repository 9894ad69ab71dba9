#include "physprobe/encoders/vit_encoder.h"

#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/parallel.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/encoders/encoder_factory.h"

#include "support/temp_dir.h"
#include "support/tensor_near.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "dinov2_golden.h"

namespace physprobe {
namespace {

using nlohmann::json;
using testing::dinov2_any_size;
using testing::dinov2_file;
using testing::dinov2_goldens;
using testing::small_vit;
using testing::TempDir;
using testing::tensor_near;
using testing::write_dinov2;

// Stated by the golden data: values up to 6, float32 noise of the reference 4e-6.
constexpr double kTolerance = 2e-5;

std::unique_ptr<Encoder> make_dinov2(const json& config) {
  return make_vit_encoder(vit_family("dinov2"), config);
}

std::unique_ptr<Encoder> golden_encoder(const std::string& name,
                                        const std::string& kind,
                                        const json& options = json::object()) {
  return make_dinov2(dinov2_any_size(dinov2_file(name, kind), options));
}

EncodeOptions taps(const std::vector<std::string>& names) {
  return {names, true, 0};
}

void expect_usage_error(const json& config, const std::string& part, ErrorKind kind) {
  try {
    make_encoder(config);
    FAIL() << config << " was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

class Dinov2Golden : public ::testing::TestWithParam<std::string> {};

TEST_P(Dinov2Golden, EveryBlockAndOutputEqualsTheReference) {
  for (const auto& golden : dinov2_goldens()) {
    const auto encoder = golden_encoder(golden.name, GetParam());
    const auto io = read_safetensors(dinov2_file(golden.name, "io"));
    for (const std::string& size : golden.sizes) {
      SCOPED_TRACE(golden.name + " " + size);
      const at::Tensor input = io.at(size + ".input").unsqueeze(1);
      std::vector<std::string> names;
      for (int64_t i = 0; i < golden.depth; ++i) names.push_back("block" + std::to_string(i));
      names.emplace_back("norm");
      const auto outputs = encoder->encode(input, taps(names));
      for (int64_t i = 0; i < golden.depth; ++i) {
        const auto& block = outputs[static_cast<std::size_t>(i)];
        EXPECT_TRUE(
            tensor_near(block.tokens.squeeze(1), io.at(size + "." + block.name), kTolerance));
      }
      const TapOutput& norm = outputs.back();
      const at::Tensor tokens = norm.tokens.squeeze(1);
      const at::Tensor patches = io.at(size + ".x_norm_patchtokens");
      const at::Tensor cls = io.at(size + ".x_norm_clstoken");
      const int64_t registers = norm.prefix_tokens - 1;
      EXPECT_TRUE(tensor_near(tokens.select(1, 0), cls, kTolerance));
      EXPECT_TRUE(tensor_near(tokens.slice(1, norm.prefix_tokens), patches, kTolerance));
      EXPECT_EQ(registers > 0, io.count(size + ".x_norm_regtokens") == 1);
      if (registers > 0) {
        EXPECT_TRUE(tensor_near(tokens.slice(1, 1, 1 + registers),
                                io.at(size + ".x_norm_regtokens"), kTolerance));
      }
      EXPECT_TRUE(tensor_near(norm.pooled.squeeze(1), cls, kTolerance));
      EXPECT_TRUE(tensor_near(norm.patch_mean.squeeze(1), patches.mean(1), kTolerance));
      EXPECT_EQ(norm.grid_height * 14, input.size(3));
      EXPECT_EQ(norm.grid_width * 14, input.size(4));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Names, Dinov2Golden, ::testing::Values("orig", "hf"));

TEST(VitEncoderTest, HuggingFacePositionsEqualTheReference) {
  const auto io = read_safetensors(dinov2_file("dinov2_plain", "io"));
  const auto expected = read_safetensors(dinov2_file("dinov2_plain", "hfsize"));
  for (const char* rule : {"hf", "size"}) {
    const auto encoder = golden_encoder("dinov2_plain", "hf", {{"pos_interp", rule}});
    for (const std::string size : {"56x126", "112x112"}) {
      const at::Tensor input = io.at(size + ".input").slice(0, 0, 1).unsqueeze(1);
      const auto output = encoder->encode(input, taps({"norm"}));
      EXPECT_TRUE(tensor_near(output[0].tokens.squeeze(1), expected.at(size + ".last_hidden_state"),
                              kTolerance))
          << rule << " " << size;
    }
  }
}

TEST(VitEncoderTest, PositionRulesDependOnTheModel) {
  const auto canonical = [](const char* model, const char* rule) {
    return golden_encoder(model, "orig", {{"pos_interp", rule}})->info().canonical;
  };
  EXPECT_EQ(canonical("dinov2_plain", "auto"), canonical("dinov2_plain", "offset"));
  EXPECT_EQ(canonical("dinov2_plain", "hf"), canonical("dinov2_plain", "size"));
  EXPECT_EQ(canonical("dinov2_plain", "timm"), canonical("dinov2_plain", "size_antialias"));
  EXPECT_EQ(canonical("dinov2_reg", "auto"), canonical("dinov2_reg", "size_antialias"));
  EXPECT_EQ(canonical("dinov2_reg", "hf"), canonical("dinov2_reg", "size_antialias"));
  EXPECT_EQ(canonical("dinov2_reg", "timm"), canonical("dinov2_reg", "size_antialias"));
  EXPECT_NE(canonical("dinov2_plain", "auto"), canonical("dinov2_plain", "size"));
}

TEST(VitEncoderTest, NormedTapsApplyTheFinalNormToTheirBlock) {
  const auto encoder = golden_encoder("dinov2_reg", "orig");
  const auto weights = read_safetensors(dinov2_file("dinov2_reg", "orig"));
  const at::Tensor input = at::randn({1, 1, 3, 42, 56});
  const auto outputs =
      encoder->encode(input, taps({"block0", "block0.norm", "block1.norm", "norm"}));
  const at::Tensor expected = at::layer_norm(outputs[0].tokens, {36}, weights.at("norm.weight"),
                                             weights.at("norm.bias"), 1e-6);
  EXPECT_TRUE(tensor_near(outputs[1].tokens, expected, kTolerance));
  EXPECT_TRUE(at::equal(outputs[2].tokens, outputs[3].tokens));
  for (const TapOutput& output : outputs) {
    EXPECT_TRUE(at::equal(output.pooled, output.tokens.select(2, 0))) << output.name;
    EXPECT_EQ(output.prefix_tokens, 5);
  }
}

TEST(VitEncoderTest, TapsRunFromPixelToNorm) {
  const EncoderInfo info = golden_encoder("dinov2_reg", "orig")->info();
  std::vector<std::string> names;
  for (const TapInfo& tap : info.taps) names.push_back(tap.name);
  EXPECT_EQ(names.front(), "pixel");
  EXPECT_EQ(names.back(), "pooled");
  EXPECT_EQ(names.size(), 2U + 4U * 6U);  // pixel, pooled; whole, cls, registers, patches of six
  for (const char* name : {"embed", "block0", "block0.norm", "block1", "block1.norm", "norm",
                           "embed.cls", "block1.norm.registers", "norm.patches"}) {
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
  }
  EXPECT_EQ(info.default_taps, (std::vector<std::string>{"pixel", "block0", "block1", "norm"}));
  EXPECT_EQ(info.retrieval_tap, "norm");
  EXPECT_EQ(info.taps[0].width, 0);  // frames of any size
}

TEST(VitEncoderTest, SizesThatPatchesDoNotTileAreRefused) {
  const auto encoder = golden_encoder("dinov2_plain", "orig");
  for (const auto& size : std::vector<std::vector<int64_t>>{{85, 84}, {84, 20}, {13, 14}}) {
    try {
      encoder->encode(at::zeros({1, 1, 3, size[0], size[1]}), {});
      FAIL() << size[0] << "x" << size[1] << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_NE(error.message().find("multiples of 14"), std::string::npos) << error.message();
    }
  }
  json config = dinov2_any_size(dinov2_file("dinov2_plain", "orig"));
  config["preprocess"] = {{"resize", "squash"}, {"size", 100}, {"crop", 0}};
  expect_usage_error(config, "100x100", ErrorKind::kUsage);
  config["preprocess"] = {{"colour", "luma"}};
  expect_usage_error(config, "rgb", ErrorKind::kUsage);
}

TEST(VitEncoderTest, FramesOfAnotherSizeThanThePreprocessingAreRefused) {
  const auto encoder = make_dinov2({{"weights", dinov2_file("dinov2_plain", "orig")}});
  EXPECT_EQ(encoder->info().taps[0].width, 3 * 224 * 224);
  EXPECT_THROW(encoder->encode(at::zeros({1, 1, 3, 84, 84}), {}), Error);
}

TEST(VitEncoderTest, DigestIsTheFilesAndCanBePinned) {
  const std::string path = dinov2_file("dinov2_plain", "orig");
  const std::string digest = sha256_file(path);
  EXPECT_EQ(golden_encoder("dinov2_plain", "orig", {{"digest", digest}})->info().weights_digest,
            digest);
  EXPECT_EQ(golden_encoder("dinov2_plain", "orig", {{"digest", ""}})->info().weights_path, path);
  expect_usage_error(dinov2_any_size(path, {{"digest", std::string(64, '0')}}), digest,
                     ErrorKind::kIncompatible);
}

TEST(VitEncoderTest, SizeOptionRefusesOtherWeights) {
  expect_usage_error(dinov2_any_size(dinov2_file("dinov2_plain", "orig"), {{"size", "vits14"}}),
                     "vits14", ErrorKind::kIncompatible);
  expect_usage_error(dinov2_any_size(dinov2_file("dinov2_plain", "orig"), {{"size", "vitx"}}),
                     "unknown size 'vitx'", ErrorKind::kUsage);
}

TEST(VitEncoderTest, IncompleteOptionsAreRefused) {
  const json weights = dinov2_file("dinov2_plain", "orig");
  expect_usage_error({{"family", "dinov2"}}, "'weights'", ErrorKind::kUsage);
  expect_usage_error({{"family", "dinov2"}, {"options", {{"random_seed", 1}}}}, "needs 'size'",
                     ErrorKind::kUsage);
  expect_usage_error({{"family", "dinov2"},
                      {"weights", weights},
                      {"options", {{"random_seed", 1}, {"size", "vits14"}}}},
                     "exclude each other", ErrorKind::kUsage);
  expect_usage_error(
      {{"family", "dinov2"}, {"weights", weights}, {"options", {{"pos_interp", "x"}}}},
      "size_antialias", ErrorKind::kUsage);
  expect_usage_error({{"family", "dinov2"}, {"weights", weights}, {"options", {{"preset", "x"}}}},
                     "restrav", ErrorKind::kUsage);
}

TEST(VitEncoderTest, IdTellsApartWhatChangesValues) {
  EXPECT_EQ(golden_encoder("dinov2_plain", "orig")->info().id.rfind("dinov2-D36-L3-h3", 0), 0U);
  const auto id = [](const json& options) {
    return make_dinov2({{"weights", dinov2_file("dinov2_plain", "orig")}, {"options", options}})
        ->info()
        .id;
  };
  const std::string base = id(json::object());
  EXPECT_NE(id({{"pos_interp", "size"}}), base);
  EXPECT_NE(id({{"preset", "restrav"}}), base);
  EXPECT_NE(id({{"heads", 4}}), base);
}

TEST(VitEncoderSlow, PublishedSizeCanBeDrawn) {
  const auto encoder = make_encoder(
      {{"family", "dinov2"}, {"options", {{"size", "vits14_reg"}, {"random_seed", 3}}}});
  EXPECT_EQ(encoder->info().id, "dinov2-vits14-reg-random3");
  EXPECT_EQ(encoder->info().weights_digest, "random-3");
  EXPECT_EQ(encoder->info().weights_path, "");
  EXPECT_EQ(encoder->info().taps.size(), 2U + 4U * 26U);
  const auto same = make_untrained_vit(vit_family("dinov2"), "vits14_reg", 3);
  const at::Tensor input = at::ones({1, 1, 3, 224, 224});
  const auto output = encoder->encode(input, taps({"norm"}));
  EXPECT_EQ(output[0].tokens.sizes(), (std::vector<int64_t>{1, 1, 261, 384}));
  EXPECT_TRUE(at::isfinite(output[0].tokens).all().item<bool>());
  EXPECT_TRUE(at::equal(same->encode(input, taps({"norm"}))[0].tokens, output[0].tokens));
}

TEST(VitEncoderTest, ConcurrentCallersGetTheirOwnResults) {
  const auto encoder = golden_encoder("dinov2_plain", "orig");
  const std::vector<std::vector<int64_t>> sizes = {{42, 56}, {84, 84}, {28, 98}, {70, 14}};
  std::vector<at::Tensor> inputs;
  std::vector<at::Tensor> expected;
  for (const auto& size : sizes) {
    inputs.push_back(at::randn({2, 2, 3, size[0], size[1]}));
    expected.push_back(encoder->encode(inputs.back(), taps({"norm"}))[0].tokens);
  }
  std::vector<std::future<bool>> callers;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    callers.push_back(std::async(std::launch::async, [&, i] {
      for (int repeat = 0; repeat < 10; ++repeat) {
        const auto output = encoder->encode(inputs[i], {{"norm"}, true, 2});
        if (!at::equal(output[0].tokens, expected[i])) return false;
      }
      return true;
    }));
  }
  for (std::future<bool>& caller : callers) EXPECT_TRUE(caller.get());
}

}  // namespace
}  // namespace physprobe
