#include "physprobe/encoders/vit_config.h"

#include "physprobe/core/error.h"

#include <gtest/gtest.h>

namespace physprobe {
namespace {

TEST(VitConfigTest, FlopsOfVitSmallAt224AreThoseOfItsProducts) {
  // 256 patches of 588 values; 257 tokens; per block qkv, projection, two layers of the MLP, two
  // attention products.
  const double patch = 2.0 * 256 * 588 * 384;
  const double block =
      2.0 * 257 * (384 * 1152 + 384 * 384 + 2 * 384 * 1536) + 2.0 * 2 * 257 * 257 * 384;
  EXPECT_EQ(vit_flops(VitConfig{}, 224, 224), patch + 12 * block);
}

TEST(VitConfigTest, FlopsCountRegistersAndBothHalvesOfSwiglu) {
  VitConfig config;
  config.width = 40;
  config.depth = 1;
  config.heads = 5;
  config.registers = 4;
  config.feed_forward = VitFeedForward::kSwigluFused;
  config.hidden = 112;
  const double tokens = 6 + 5;
  const double expected = 2.0 * 6 * 588 * 40 + 2.0 * tokens * 40 * (120 + 40 + 224 + 112) +
                          2.0 * 2 * tokens * tokens * 40;
  EXPECT_EQ(vit_flops(config, 28, 42), expected);
}

TEST(VitConfigTest, SwigluHiddenFollowsTheRoundingRule) {
  EXPECT_EQ(swiglu_hidden(1536), 4096);
  EXPECT_EQ(swiglu_hidden(40), 112);  // two thirds of 160 is 106, rounded up to a multiple of 8
}

TEST(VitConfigTest, CanonicalChangesWithEveryField) {
  const std::string base = VitConfig{}.canonical();
  const auto differs = [&](auto change) {
    VitConfig config;
    change(config);
    return config.canonical() != base;
  };
  EXPECT_TRUE(differs([](VitConfig& c) { c.width = 768; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.depth = 13; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.heads = 3; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.patch = 16; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.channels = 1; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.has_class_token = false; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.registers = 4; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.table_side = 16; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.feed_forward = VitFeedForward::kSwigluFused; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.hidden = 1024; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.has_layer_scale = false; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.norm_epsilon = 1e-5; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.position = PositionInterpolation::kSize; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.feed_forward = VitFeedForward::kQuickGelu; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.positions = VitPositions::kRotary; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.is_class_positioned = false; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.has_patch_bias = false; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.has_qkv_bias = false; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.has_entry_norm = true; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.pooling = VitPooling::kMean; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.projection = 512; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.has_distillation_token = true; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.has_query_key_norm = true; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.precision = VitPrecision::kBfloat16; }));
  EXPECT_TRUE(differs([](VitConfig& c) { c.precision = VitPrecision::kFloat16; }));
}

TEST(VitConfigTest, CanonicalOfDinov2IsAsItWasBeforeOtherFamilies) {
  // Caches made earlier stay valid.
  EXPECT_EQ(VitConfig{}.canonical(),
            "D384 L12 h6 P14 C3 cls1 reg0 M37 ffn-gelu H1536 ls1 eps1e-06 pos-offset");
}

TEST(VitConfigTest, ImpossibleConfigurationsAreRefusedByField) {
  const auto refused = [](const char* field, auto change) {
    VitConfig config;
    change(config);
    try {
      config.validate("model");
      ADD_FAILURE() << field << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_NE(error.message().find(field), std::string::npos) << error.message();
    }
  };
  refused("width", [](VitConfig& c) { c.width = 0; });
  refused("depth", [](VitConfig& c) { c.depth = 0; });
  refused("heads", [](VitConfig& c) { c.heads = 0; });
  refused("5 heads", [](VitConfig& c) { c.heads = 5; });
  refused("patch", [](VitConfig& c) { c.patch = 0; });
  refused("table_side", [](VitConfig& c) { c.table_side = 0; });
  refused("hidden", [](VitConfig& c) { c.hidden = 0; });
  refused("registers", [](VitConfig& c) { c.registers = -1; });
  refused("norm_epsilon", [](VitConfig& c) { c.norm_epsilon = 0.0; });
  EXPECT_NO_THROW(VitConfig{}.validate("model"));
}

}  // namespace
}  // namespace physprobe
