#include "physprobe/encoders/checkpoint.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/safetensors.h"

#include "support/temp_dir.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace physprobe {
namespace {

using testing::TempDir;

void expect_error(const std::string& path, ErrorKind kind, const std::vector<std::string>& parts) {
  try {
    Checkpoint::open(path);
    FAIL() << path << " was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    for (const std::string& part : parts) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
}

at::Tensor ramp(int64_t count) {
  return at::arange(count, at::kFloat);
}

TEST(CheckpointTest, SingleFileGivesNamesShapesMetadataAndDigest) {
  const TempDir dir;
  const std::string path = dir / "weights.safetensors";
  write_safetensors(path, {{"b", ramp(6).reshape({2, 3})}, {"a", at::ones({1})}}, {{"k", "v"}});
  const Checkpoint checkpoint = Checkpoint::open(path);
  EXPECT_EQ(checkpoint.names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(checkpoint.shape("b"), (std::vector<int64_t>{2, 3}));
  EXPECT_TRUE(checkpoint.contains("a"));
  EXPECT_FALSE(checkpoint.contains("c"));
  EXPECT_EQ(checkpoint.metadata().at("k"), "v");
  EXPECT_EQ(checkpoint.config_text(), "");
  EXPECT_EQ(checkpoint.digest(), sha256_file(path));
  EXPECT_TRUE(at::equal(checkpoint.read_float("b"), ramp(6).reshape({2, 3})));
}

TEST(CheckpointTest, HalfBfloatAndDoubleBecomeFloat) {
  const TempDir dir;
  const std::string path = dir / "weights.safetensors";
  const at::Tensor values = ramp(5) / 4;  // exact in all of them
  write_safetensors(path, {{"half", values.to(at::kHalf)},
                           {"bfloat", values.to(at::kBFloat16)},
                           {"double", values.to(at::kDouble)},
                           {"integer", at::ones({2}, at::kLong)}});
  const Checkpoint checkpoint = Checkpoint::open(path);
  for (const char* name : {"half", "bfloat", "double"}) {
    EXPECT_EQ(checkpoint.read_float(name).scalar_type(), at::kFloat);
    EXPECT_TRUE(at::equal(checkpoint.read_float(name), values)) << name;
  }
  try {
    checkpoint.read_float("integer");
    FAIL() << "an integer tensor was read as weights";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kIncompatible);
    EXPECT_NE(std::string(error.what()).find("'integer'"), std::string::npos) << error.what();
  }
}

TEST(CheckpointTest, FolderMeansItsWeightsAndConfig) {
  const TempDir dir;
  write_safetensors(dir / "model.safetensors", {{"a", ramp(2)}});
  write_safetensors(dir / "other.safetensors", {{"b", ramp(2)}});
  write_file_atomic(dir / "config.json", "{}");
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  EXPECT_EQ(checkpoint.path(), dir / "model.safetensors");
  EXPECT_EQ(checkpoint.config_text(), "{}");
  std::filesystem::remove(dir / "model.safetensors");
  EXPECT_EQ(Checkpoint::open(dir.path()).path(), dir / "other.safetensors");
}

TEST(CheckpointTest, WhatIsNoCheckpointIsRefused) {
  const TempDir dir;
  expect_error(dir / "absent.safetensors", ErrorKind::kInput, {"does not exist"});
  expect_error(dir.path(), ErrorKind::kInput, {"holds 0 weights files"});
  write_file_atomic(dir / "weights.pth", "PK");
  expect_error(dir / "weights.pth", ErrorKind::kInput, {"not read", ".safetensors"});
  std::filesystem::remove(dir / "weights.pth");
  write_file_atomic(dir / "weights.onnx", "x");
  expect_error(dir / "weights.onnx", ErrorKind::kInput, {"not read", ".safetensors"});
  write_file_atomic(dir / "text.safetensors", "this is not a tensor file at all");
  expect_error(dir / "text.safetensors", ErrorKind::kInput, {"text.safetensors"});
  write_safetensors(dir / "one.safetensors", {{"a", ramp(2)}});
  expect_error(dir.path(), ErrorKind::kInput, {"holds 2 weights files"});
}

class ShardedCheckpoint : public ::testing::Test {
 protected:
  void SetUp() override {
    write_safetensors(dir_ / "s1.safetensors", {{"a", ramp(3)}, {"b", ramp(4)}});
    write_safetensors(dir_ / "s2.safetensors", {{"c", ramp(5)}});
  }
  std::string index(const std::string& weight_map) {
    const std::string path = dir_ / "model.safetensors.index.json";
    write_file_atomic(path, "{\"metadata\": {}, \"weight_map\": " + weight_map + "}");
    return path;
  }
  TempDir dir_;
};

TEST_F(ShardedCheckpoint, JoinsTheShards) {
  const std::string path =
      index(R"({"a": "s1.safetensors", "b": "s1.safetensors", "c": "s2.safetensors"})");
  for (const std::string& given : {path, dir_.path()}) {
    const Checkpoint checkpoint = Checkpoint::open(given);
    EXPECT_EQ(checkpoint.names(), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_TRUE(at::equal(checkpoint.read_float("c"), ramp(5)));
  }
  const std::string before = Checkpoint::open(path).digest();
  EXPECT_EQ(before.size(), 64U);
  write_safetensors(dir_ / "s2.safetensors", {{"c", ramp(5) + 1}});
  EXPECT_NE(Checkpoint::open(path).digest(), before);
}

TEST_F(ShardedCheckpoint, EveryDisagreementWithTheIndexIsListed) {
  const std::string path = index(
      R"({"a": "s1.safetensors", "x": "s1.safetensors", "b": "s2.safetensors", "y": "s2.safetensors"})");
  expect_error(
      path, ErrorKind::kInput,
      {"'x' is not in", "'y' is not in", "'b' is not in", "'c' in", "is not in the index"});
}

TEST_F(ShardedCheckpoint, TensorInTwoShardsIsRefused) {
  write_safetensors(dir_ / "s2.safetensors", {{"a", ramp(5)}});
  expect_error(index(R"({"a": "s1.safetensors", "b": "s1.safetensors", "c": "s2.safetensors"})"),
               ErrorKind::kInput, {"'a', as does another shard"});
}

TEST_F(ShardedCheckpoint, EmptyIndexIsRefused) {
  expect_error(index("{}"), ErrorKind::kInput, {"names no tensor"});
}

}  // namespace
}  // namespace physprobe
