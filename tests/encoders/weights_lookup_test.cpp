#include "physprobe/encoders/weights_lookup.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/encoders/published_weights.h"
#include "physprobe/encoders/vit_family.h"

#include "support/source_dir.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>

namespace physprobe {
namespace {

using testing::TempDir;

/// The three places in a folder of the test's own.
class WeightsLookup : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("PHYSPROBE_WEIGHTS", (dir_ / "own").c_str(), 1);
    setenv("HF_HUB_CACHE", (dir_ / "hub").c_str(), 1);
    setenv("TORCH_HOME", (dir_ / "torch").c_str(), 1);
    write("own/mine.pth");
    write("hub/models--facebook--dinov2-small/refs/main", "abc\n");
    write("hub/models--facebook--dinov2-small/snapshots/abc/model.safetensors");
    write("hub/models--facebook--unfinished/refs/other", "abc");
    write("torch/hub/checkpoints/dinov2_vits14_pretrain.pth");
  }

  void TearDown() override {
    for (const char* name : {"PHYSPROBE_WEIGHTS", "HF_HUB_CACHE", "TORCH_HOME"}) unsetenv(name);
  }

  void write(const std::string& name, const std::string& text = "x") {
    const std::filesystem::path path = dir_ / name;
    std::filesystem::create_directories(path.parent_path());
    write_file_atomic(path.string(), text);
  }

  TempDir dir_;
};

TEST_F(WeightsLookup, NamesAreFoundInEveryPlace) {
  EXPECT_EQ(find_weights(dir_ / "own/mine.pth"), dir_ / "own/mine.pth");
  EXPECT_EQ(find_weights("mine.pth"), dir_ / "own/mine.pth");
  EXPECT_EQ(find_weights("facebook/dinov2-small"),
            dir_ / "hub/models--facebook--dinov2-small/snapshots/abc");
  EXPECT_EQ(find_weights("dinov2_vits14_pretrain.pth"),
            dir_ / "torch/hub/checkpoints/dinov2_vits14_pretrain.pth");
}

std::string absence(const std::string& name) {
  try {
    return "found: " + find_weights(name);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.message();
  }
}

TEST_F(WeightsLookup, EveryNameOfAPublishedModelFindsIt) {
  for (const std::string name : {"dinov2_vits14", "facebook/dinov2-small"}) {
    EXPECT_EQ(find_weights(name), dir_ / "hub/models--facebook--dinov2-small/snapshots/abc");
  }
  std::filesystem::remove_all(dir_ / "hub");
  for (const std::string name : {"dinov2_vits14", "facebook/dinov2-small"}) {
    EXPECT_EQ(find_weights(name), dir_ / "torch/hub/checkpoints/dinov2_vits14_pretrain.pth");
  }
}

TEST_F(WeightsLookup, WhatIsAbsentIsNamedWithTheCommandThatFetchesItAndItsLicence) {
  for (const std::string name :
       {"facebook/dinov2-base", "dinov2_vitb14", "dinov2_vitb14_pretrain.pth"}) {
    const std::string message = absence(name);
    EXPECT_NE(message.find("`hf download facebook/dinov2-base` (Apache-2.0, not gated)"),
              std::string::npos)
        << message;
  }
  EXPECT_NE(absence("dinov3_vits16").find("DINOv3 licence, gated"), std::string::npos);
  for (const std::string name : {"vjepa_vitl16", "vitl16.pth.tar"}) {
    EXPECT_NE(absence(name).find("`curl -LO https://dl.fbaipublicfiles.com/jepa/vitl16/"
                                 "vitl16.pth.tar` (CC BY-NC 4.0, not gated)"),
              std::string::npos)
        << absence(name);
  }
  EXPECT_NE(absence("facebook/unfinished").find("`hf download facebook/unfinished`"),
            std::string::npos);
  EXPECT_NE(absence("absent.pth").find("give the weights' path"), std::string::npos);
  EXPECT_THROW(find_weights("../no-such-folder/absent.pth"), Error);
}

TEST(PublishedWeightsTest, AgreeWithTheFilesInConfigs) {
  std::set<std::string> presets;
  for (const PublishedWeights& weights : published_weights()) {
    presets.insert(weights.preset);
    const std::string text =
        read_file(testing::source_dir() + "/configs/encoders/" + weights.preset + ".yaml");
    EXPECT_NE(text.find(weights.repository), std::string::npos) << weights.preset;
    EXPECT_NE(text.find(weights.file), std::string::npos) << weights.preset;
    EXPECT_NE(text.find(weights.location), std::string::npos) << weights.preset;
    EXPECT_NE(*weights.repository == '\0', *weights.location == '\0') << weights.preset;
    EXPECT_NE(text.find(std::string("preset: ") + weights.preprocessing), std::string::npos)
        << weights.preset;
    EXPECT_NE(text.find(std::string("# Weights (") + weights.licence), std::string::npos)
        << weights.preset;
    EXPECT_EQ(text.find("gated") != std::string::npos, weights.is_gated) << weights.preset;
  }
  for (const VitFamily& family : vit_families()) {
    // Not every video model stands on Hugging Face.
    if (family.sizes.front().config.tubelet > 1) continue;
    for (const std::string& size : vit_size_names(family)) {
      const std::string preset = family.name + "_" + size;
      EXPECT_EQ(presets.count(preset) == 0, size.find("pixels") != std::string::npos) << preset;
    }
  }
}

TEST_F(WeightsLookup, WhatIsThereIsListed) {
  std::vector<std::string> names;
  for (const WeightsPlace& place : list_weights()) names.push_back(place.name);
  EXPECT_EQ(names, (std::vector<std::string>{"mine.pth", "facebook/dinov2-small",
                                             "dinov2_vits14_pretrain.pth"}));
}

}  // namespace
}  // namespace physprobe
