#include "physprobe/encoders/weights_lookup.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

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

TEST_F(WeightsLookup, WhatIsAbsentIsNamedWithTheCommandThatFetchesIt) {
  for (const std::string name : {"facebook/dinov2-base", "facebook/unfinished"}) {
    try {
      find_weights(name);
      FAIL() << name << " was found";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      EXPECT_NE(error.message().find("huggingface-cli download " + name), std::string::npos)
          << error.message();
    }
  }
  EXPECT_THROW(find_weights("absent.pth"), Error);
  EXPECT_THROW(find_weights("../no-such-folder/absent.pth"), Error);
}

TEST_F(WeightsLookup, WhatIsThereIsListed) {
  std::vector<std::string> names;
  for (const WeightsPlace& place : list_weights()) names.push_back(place.name);
  EXPECT_EQ(names, (std::vector<std::string>{"mine.pth", "facebook/dinov2-small",
                                             "dinov2_vits14_pretrain.pth"}));
}

}  // namespace
}  // namespace physprobe
