#include "physprobe/encoders/vit_parameters.h"

#include "physprobe/encoders/vit_position.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "dinov2_golden.h"

namespace physprobe {
namespace {

using testing::small_vit;

TEST(VitParametersTest, NamesAreUniqueAndFollowTheOptions) {
  VitConfig config = small_vit();
  const auto names = [&config] {
    std::set<std::string> set;
    const std::vector<VitParameter> list = vit_parameters(config);
    for (const VitParameter& parameter : list) set.insert(parameter.name);
    EXPECT_EQ(set.size(), list.size());
    return set;
  };
  EXPECT_EQ(names().size(), 6U + 14U * 2U);
  EXPECT_EQ(names().count("blocks.1.ls2.gamma"), 1U);
  EXPECT_EQ(names().count("register_tokens"), 0U);
  config.has_layer_scale = false;
  config.registers = 2;
  config.has_class_token = false;
  config.feed_forward = VitFeedForward::kSwigluFused;
  EXPECT_EQ(names().count("blocks.1.ls2.gamma"), 0U);
  EXPECT_EQ(names().count("register_tokens"), 1U);
  EXPECT_EQ(names().count("cls_token"), 0U);
  EXPECT_EQ(names().count("blocks.0.mlp.w12.weight"), 1U);
  EXPECT_EQ(names().count("blocks.0.mlp.fc1.weight"), 0U);
}

TEST(VitParametersTest, DrawnValuesFollowTheDocumentedInitialisation) {
  const VitConfig config = small_vit();
  const VitParameters drawn = random_vit_parameters(config, 3);
  ASSERT_EQ(drawn.size(), vit_parameters(config).size());
  for (const VitParameter& parameter : vit_parameters(config)) {
    EXPECT_EQ(drawn.at(parameter.name).sizes(), at::IntArrayRef(parameter.shape)) << parameter.name;
  }
  EXPECT_TRUE(at::equal(drawn.at("blocks.0.norm1.weight"), at::ones({36})));
  EXPECT_TRUE(at::equal(drawn.at("norm.bias"), at::zeros({36})));
  EXPECT_TRUE(at::equal(drawn.at("blocks.1.attn.qkv.bias"), at::zeros({108})));
  EXPECT_TRUE(at::equal(drawn.at("blocks.1.ls1.gamma"), at::ones({36})));
  const at::Tensor weight = drawn.at("patch_embed.proj.weight");
  EXPECT_LE(weight.abs().max().item<float>(), 0.04F);
  // A normal cut at two deviations has 0.8796 of its deviation; 21168 draws estimate it to 0.5 %.
  EXPECT_NEAR(weight.std().item<double>(), 0.02 * 0.8796, 0.0002);
  EXPECT_NEAR(weight.mean().item<double>(), 0.0, 0.0005);
}

TEST(VitParametersTest, SeedDecidesAndTensorsDiffer) {
  const VitConfig config = small_vit();
  const VitParameters first = random_vit_parameters(config, 3);
  const VitParameters again = random_vit_parameters(config, 3);
  const VitParameters other = random_vit_parameters(config, 4);
  const std::string name = "blocks.0.attn.proj.weight";
  for (const auto& [key, tensor] : first) EXPECT_TRUE(at::equal(tensor, again.at(key))) << key;
  EXPECT_FALSE(at::equal(first.at(name), other.at(name)));
  EXPECT_FALSE(at::equal(first.at(name), first.at("blocks.1.attn.proj.weight")));
}

TEST(VitParametersTest, InitialisationByDepthRescalesResidualBranches) {
  VitConfig config = small_vit();
  config.tubelet = 2;
  config.has_class_token = false;
  config.table_steps = 2;
  const VitParameters drawn = random_vit_parameters(config, 3, VitInitialisation::kByDepth);
  const auto deviation = [&](const std::string& name) {
    return drawn.at(name).std().item<double>();
  };
  // Not cut at two deviations; a deviation over 5184 draws is known to 1 %.
  EXPECT_NEAR(deviation("blocks.0.attn.qkv.weight"), 0.02, 0.0007);
  EXPECT_GT(drawn.at("blocks.0.attn.qkv.weight").abs().max().item<double>(), 0.05);
  for (const std::string layer : {"attn.proj", "mlp.fc2"}) {
    EXPECT_NEAR(deviation("blocks.0." + layer + ".weight"), 0.02 / std::sqrt(2.0), 0.0009) << layer;
    EXPECT_NEAR(deviation("blocks.1." + layer + ".weight"), 0.02 / std::sqrt(4.0), 0.0007) << layer;
  }
  EXPECT_TRUE(at::equal(drawn.at("pos_embed")[0], sincos_positions(2, 3, 3, 36, true)));

  config.feed_forward = VitFeedForward::kSwigluFused;
  const VitParameters gated = random_vit_parameters(config, 3, VitInitialisation::kByDepth);
  const at::Tensor both = gated.at("blocks.1.mlp.w12.weight");
  EXPECT_NEAR(both.narrow(0, 0, config.hidden).std().item<double>(), 0.02, 0.0007);
  EXPECT_NEAR(both.narrow(0, config.hidden, config.hidden).std().item<double>(), 0.01, 0.0004);
  EXPECT_NEAR(gated.at("blocks.1.mlp.w3.weight").std().item<double>(), 0.02, 0.0007);
}

}  // namespace
}  // namespace physprobe
