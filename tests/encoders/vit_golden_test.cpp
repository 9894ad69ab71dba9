// Every family whose reference outputs are among the golden data, under every naming it has.

#include "physprobe/core/safetensors.h"
#include "physprobe/encoders/checkpoint.h"
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/encoders/vit_checkpoint.h"
#include "physprobe/encoders/vit_rotary.h"

#include "support/golden.h"
#include "support/tensor_near.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

using testing::golden_path;
using testing::tensor_near;

// Stated by the golden data: values up to 6, float32 noise of the reference 4e-6.
constexpr double kTolerance = 2e-5;

struct Golden {
  std::string name;
  std::string family;
  std::vector<std::string> sizes;  ///< "HxW", or "" where the file holds one size without a name.
};

std::vector<Golden> goldens() {
  return {{"ijepa", "ijepa", {""}},
          {"msn_vit", "msn", {"48x48", "80x80"}},
          {"dinov3", "dinov3", {"64x64", "48x80"}},
          {"dinov3_swiglu", "dinov3", {"32x64"}},
          {"clip", "clip", {""}}};
}

std::string file(const std::string& name, const std::string& kind) {
  return golden_path("encoders/" + name + "." + kind + ".safetensors");
}

std::unique_ptr<Encoder> encoder(const Golden& golden,
                                 const std::string& kind,
                                 nlohmann::json options = nlohmann::json::object()) {
  return make_encoder({{"family", golden.family},
                       {"weights", file(golden.name, kind)},
                       {"options", std::move(options)},
                       {"preprocess", {{"resize", "none"}, {"crop", 0}}}});
}

/// What the golden data call a tap, and ours.
struct Named {
  std::string theirs;
  std::string ours;
};

const std::vector<Named>& outputs() {
  static const std::vector<Named> all = {{"block_in", "embed"},
                                         {"block0", "block0"},
                                         {"block1", "block1"},
                                         {"block2", "block2"},
                                         {"x_norm_clstoken", "norm.cls"},
                                         {"x_storage_tokens", "norm.registers"},
                                         {"x_norm_patchtokens", "norm.patches"},
                                         {"normed_tokens", "norm"},
                                         {"output_normed", "norm"},
                                         {"mean_pooled", "pooled"},
                                         {"ln_pre", "embed"},
                                         {"ln_post_cls", "norm.cls"},
                                         {"image_features", "pooled"}};
  return all;
}

class VitGolden : public ::testing::TestWithParam<std::tuple<Golden, std::string>> {};

TEST_P(VitGolden, EveryOutputEqualsTheReference) {
  const auto& [golden, kind] = GetParam();
  const auto model = encoder(golden, kind);
  const auto io = read_safetensors(file(golden.name, "io"));
  for (const std::string& size : golden.sizes) {
    SCOPED_TRACE(golden.name + " " + size);
    const std::string prefix = size.empty() ? "" : size + ".";
    const at::Tensor input = io.at(prefix + "input").unsqueeze(1);
    int checked = 0;
    for (const Named& name : outputs()) {
      const auto expected = io.find(prefix + name.theirs);
      if (expected == io.end()) continue;
      const TapOutput output = model->encode(input, {{name.ours}, true, 0}).front();
      at::Tensor tokens = output.tokens.squeeze(1);
      if (expected->second.dim() == 2) tokens = tokens.squeeze(1);
      EXPECT_TRUE(tensor_near(tokens, expected->second, kTolerance)) << name.theirs;
      ++checked;
    }
    EXPECT_GE(checked, 4);
  }
}

TEST_P(VitGolden, BothNamingsGiveTheSameBits) {
  const auto& [golden, kind] = GetParam();
  const VitWeights theirs = load_vit(file(golden.name, kind), {golden.family, 0, ""});
  const VitWeights original = load_vit(file(golden.name, "orig"), {golden.family, 0, ""});
  EXPECT_EQ(theirs.facts.config.canonical(), original.facts.config.canonical());
  ASSERT_EQ(theirs.parameters.size(), original.parameters.size());
  for (const auto& [name, tensor] : original.parameters) {
    EXPECT_TRUE(at::equal(theirs.parameters.at(name), tensor)) << name;
  }
}

TEST_P(VitGolden, FamilyIsReadOffTheNames) {
  const auto& [golden, kind] = GetParam();
  const VitFacts facts = read_vit_facts(Checkpoint::open(file(golden.name, kind)), {});
  EXPECT_EQ(facts.family, golden.family == "msn" ? "vit" : golden.family);
  EXPECT_EQ(facts.heads_from, "metadata");
  EXPECT_EQ(facts.naming->name, kind == "hf" ? "hf" : "original");
  EXPECT_NE(facts.line.find(facts.family), std::string::npos) << facts.line;
}

INSTANTIATE_TEST_SUITE_P(Names,
                         VitGolden,
                         ::testing::Combine(::testing::ValuesIn(goldens()),
                                            ::testing::Values("orig", "hf")),
                         [](const auto& model) {
                           return std::get<0>(model.param).name + "_" + std::get<1>(model.param);
                         });

TEST(VitGoldenTest, IjepaAtAnotherSizeFollowsTheExplicitSizeRule) {
  const Golden golden = goldens()[0];
  const auto io = read_safetensors(file("ijepa", "io"));
  const auto output = encoder(golden, "orig")
                          ->encode(io.at("42x84.input").unsqueeze(1), {{"norm", "embed"}, true, 0});
  EXPECT_TRUE(tensor_near(output[0].tokens.squeeze(1), io.at("42x84.output_normed"), kTolerance));
}

TEST(VitGoldenTest, IjepasTrainingCheckpointHoldsBothEncoders) {
  const std::string path = golden_path("encoders/ijepa.pth.tar");
  const VitParameters expected = load_vit(file("ijepa", "orig"), {"ijepa", 0, ""}).parameters;
  const VitParameters online = load_vit(path, {"", 3, ""}).parameters;
  const VitParameters target = load_vit(path, {"ijepa", 3, "target_encoder"}).parameters;
  ASSERT_EQ(online.size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    EXPECT_TRUE(at::equal(online.at(name), tensor)) << name;
    EXPECT_TRUE(at::equal(target.at(name), 0.5 * tensor)) << name;
  }
  const auto identity = [&](const char* key) {
    return make_encoder({{"weights", path}, {"options", {{"heads", 3}, {"checkpoint_key", key}}}})
        ->info()
        .canonical;
  };
  EXPECT_NE(identity("encoder"), identity("target_encoder"));
}

TEST(VitGoldenTest, MsnFeaturesOfItsEvaluationAreTaps) {
  const auto io = read_safetensors(file("msn_vit", "io"));
  const auto model = encoder(goldens()[1], "orig");
  for (const std::string size : {"48x48", "80x80"}) {
    const auto outputs = model->encode(io.at(size + ".input").unsqueeze(1),
                                       {{"block1.norm.cls", "norm.cls", "norm"}, true, 0});
    const at::Tensor features = at::cat({outputs[0].pooled.squeeze(1), outputs[1].pooled.squeeze(1),
                                         outputs[2].patch_mean.squeeze(1)},
                                        1);
    EXPECT_TRUE(tensor_near(features, io.at(size + ".cls_last2_plus_avgpool"), kTolerance));
  }
}

TEST(VitGoldenTest, ClipFeaturesHaveTheirPublishedDirection) {
  const auto io = read_safetensors(file("clip", "io"));
  const auto output =
      encoder(goldens()[4], "hf")->encode(io.at("input").unsqueeze(1), {{"pooled"}, true, 0});
  const at::Tensor features = output[0].pooled.squeeze(1);
  const at::Tensor unit = features / features.norm(2, {1}, true);
  EXPECT_TRUE(tensor_near(unit, io.at("image_features_l2norm"), kTolerance));
}

TEST(VitGoldenTest, RotaryTablesEqualTheReference) {
  const auto io = read_safetensors(file("dinov3", "io"));
  const VitWeights weights = load_vit(file("dinov3", "orig"), {});
  const at::Tensor periods = weights.parameters.at(kRotaryPeriods);
  EXPECT_TRUE(at::equal(rotary_periods(16, kRotaryBase), periods));
  for (const std::string size : {"64x64", "48x80"}) {
    const at::Tensor image = io.at(size + ".input");
    const VitRotation rotation = axial_rotation(periods, image.size(2) / 16, image.size(3) / 16);
    // Stated by the golden data: rounding of angles up to 2 pi in float32.
    EXPECT_TRUE(tensor_near(rotation.sine, io.at(size + ".rope_sin"), 1e-6));
    EXPECT_TRUE(tensor_near(rotation.cosine, io.at(size + ".rope_cos"), 1e-6));
  }
}

}  // namespace
}  // namespace physprobe
