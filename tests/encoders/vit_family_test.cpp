#include "physprobe/encoders/vit_family.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"

#include "support/source_dir.h"

#include <gtest/gtest.h>

namespace physprobe {
namespace {

const VitFamily& dinov2() {
  return vit_family("dinov2");
}

PreprocessSpec dinov2_preset(const std::string& name) {
  return vit_preset(dinov2(), name, vit_size(dinov2(), "vits14"));
}

TEST(VitFamilyTest, EveryPublishedSizeHasItsTableRow) {
  struct Row {
    const char* size;
    int64_t width, depth, heads, hidden, registers;
  };
  const std::vector<Row> rows = {
      {"vits14", 384, 12, 6, 1536, 0},       {"vitb14", 768, 12, 12, 3072, 0},
      {"vitl14", 1024, 24, 16, 4096, 0},     {"vitg14", 1536, 40, 24, 4096, 0},
      {"vits14_reg", 384, 12, 6, 1536, 4},   {"vitb14_reg", 768, 12, 12, 3072, 4},
      {"vitl14_reg", 1024, 24, 16, 4096, 4}, {"vitg14_reg", 1536, 40, 24, 4096, 4},
  };
  ASSERT_EQ(rows.size(), vit_size_names(dinov2()).size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    EXPECT_EQ(vit_size_names(dinov2())[i], row.size);
    const VitConfig config = vit_size(dinov2(), row.size);
    EXPECT_NO_THROW(config.validate(row.size));
    EXPECT_EQ(config.width, row.width) << row.size;
    EXPECT_EQ(config.depth, row.depth) << row.size;
    EXPECT_EQ(config.heads, row.heads) << row.size;
    EXPECT_EQ(config.hidden, row.hidden) << row.size;
    EXPECT_EQ(config.registers, row.registers) << row.size;
    EXPECT_EQ(config.patch, 14) << row.size;
    EXPECT_EQ(config.table_side, 37) << row.size;
    EXPECT_EQ(config.feed_forward == VitFeedForward::kSwigluFused, row.width == 1536) << row.size;
    EXPECT_EQ(config.position, row.registers > 0 ? PositionInterpolation::kSizeAntialias
                                                 : PositionInterpolation::kOffset);
    EXPECT_EQ(vit_size_name(dinov2(), config), row.size);
  }
}

TEST(VitFamilyTest, SizeNameIgnoresThePositionRuleOnly) {
  VitConfig config = vit_size(dinov2(), "vits14");
  config.position = PositionInterpolation::kSize;
  EXPECT_EQ(vit_size_name(dinov2(), config), "vits14");
  config.depth = 11;
  EXPECT_EQ(vit_size_name(dinov2(), config), "");
}

TEST(VitFamilyTest, UnknownNamesAreRefusedWithTheNearest) {
  for (const bool is_preset : {false, true}) {
    try {
      if (is_preset) {
        dinov2_preset("restrv");
      } else {
        vit_size(dinov2(), "vits16");
      }
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_NE(error.message().find(is_preset ? "'restrav'" : "'vits14'"), std::string::npos)
          << error.message();
    }
  }
}

TEST(VitFamilyTest, PresetsAreThePublishedPreprocessings) {
  for (const std::string name : {"dinov2", "restrav", "hf", "original", "timm"}) {
    EXPECT_NO_THROW(dinov2_preset(name).validate()) << name;
    EXPECT_EQ(dinov2_preset(name).name, name);
    EXPECT_EQ(dinov2_preset(name).filter, ResampleFilter::kBicubic) << name;
  }
  const PreprocessSpec official = dinov2_preset("dinov2");
  EXPECT_EQ(official.resize, ResizeRule::kShortSide);
  EXPECT_EQ(official.height, 256);
  EXPECT_EQ(official.crop, 224);
  EXPECT_EQ(official.arithmetic, ResampleArithmetic::kPillowUint8);
  EXPECT_EQ(official.mean, (std::array<double, 3>{0.485, 0.456, 0.406}));
  EXPECT_EQ(official.stddev, (std::array<double, 3>{0.229, 0.224, 0.225}));
  PreprocessSpec hugging_face = dinov2_preset("hf");
  EXPECT_EQ(hugging_face.crop_offset, CropOffset::kFloor);
  hugging_face.crop_offset = CropOffset::kTorchvision;
  EXPECT_EQ(hugging_face.canonical(), official.canonical());
  const PreprocessSpec restrav = dinov2_preset("restrav");
  EXPECT_EQ(restrav.resize, ResizeRule::kSquash);
  EXPECT_EQ(restrav.height, 224);
  EXPECT_EQ(restrav.width, 224);
  EXPECT_EQ(restrav.arithmetic, ResampleArithmetic::kFloatAntialias);
  EXPECT_EQ(restrav.mean, (std::array<double, 3>{0.0, 0.0, 0.0}));
  EXPECT_EQ(restrav.stddev, (std::array<double, 3>{1.0, 1.0, 1.0}));
}

TEST(VitFamilyTest, EverySizeHasAConfigurationFile) {
  for (const VitFamily& family : vit_families()) {
    for (const std::string& size : vit_size_names(family)) {
      const std::string path =
          testing::source_dir() + "/configs/encoders/" + family.name + "_" + size + ".yaml";
      const std::string text = read_file(path);
      EXPECT_NE(text.find("family: " + family.name + "\n"), std::string::npos) << path;
      EXPECT_NE(text.find("\n  size: " + size + "\n"), std::string::npos) << path;
      EXPECT_TRUE(text.find("# Weights (") != std::string::npos ||
                  text.find("# No weights are published") != std::string::npos)
          << path << " names no licence";
    }
  }
}

TEST(VitFamilyTest, EveryPublishedSizeIsValidAndHasItsPresets) {
  for (const VitFamily& family : vit_families()) {
    for (const VitSize& size : family.sizes) {
      SCOPED_TRACE(family.name + " " + size.name);
      EXPECT_NO_THROW(size.config.validate(size.name));
      EXPECT_EQ(vit_size_name(family, size.config), size.name);
      EXPECT_EQ(size.config.position, vit_position_rule(family, "auto", size.config));
      for (const PreprocessSpec& preset : family.presets(size.config)) {
        EXPECT_NO_THROW(preset.validate()) << preset.name;
        const int64_t side = preset.crop > 0 ? preset.crop : preset.height;
        EXPECT_TRUE(side % size.config.patch == 0 || family.drops_partial_patches) << preset.name;
        if (size.config.position == PositionInterpolation::kFixed) {
          EXPECT_EQ(side, native_side(size.config)) << preset.name;
        }
      }
    }
  }
}

}  // namespace
}  // namespace physprobe
