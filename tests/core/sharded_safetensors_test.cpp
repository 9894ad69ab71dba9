#include "physprobe/core/sharded_safetensors.h"

#include "physprobe/core/atomic_file.h"

#include "support/temp_dir.h"

#include <filesystem>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::TempDir;
using testing::throws_error;

class ShardIndex : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file_atomic(dir_ / "one.safetensors", "");
    write_file_atomic(dir_ / "two.safetensors", "");
  }
  ::testing::AssertionResult refused(const std::string& text, const std::string& part) {
    write_file_atomic(path_, text);
    return throws_error(ErrorKind::kInput, part, [&] { read_safetensors_index(path_); });
  }
  TempDir dir_;
  std::string path_ = dir_ / "model.safetensors.index.json";
};

TEST_F(ShardIndex, GivesEachTensorItsFile) {
  write_file_atomic(
      path_,
      R"({"metadata":{"total_size":8},"weight_map":{"a":"one.safetensors","b":"two.safetensors","c":"one.safetensors"}})");
  const auto files = read_safetensors_index(path_);
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(files.at("a"), dir_ / "one.safetensors");
  EXPECT_EQ(files.at("b"), dir_ / "two.safetensors");
  EXPECT_TRUE(std::filesystem::path(files.at("c")).is_absolute());
}

TEST_F(ShardIndex, RelativeIndexGivesAbsoluteFiles) {
  write_file_atomic(path_, R"({"weight_map":{"a":"one.safetensors"}})");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir_.path());
  const auto files = read_safetensors_index("model.safetensors.index.json");
  std::filesystem::current_path(before);
  EXPECT_TRUE(std::filesystem::path(files.at("a")).is_absolute());
}

TEST_F(ShardIndex, ShardsMustStayInTheFolder) {
  for (const char* bad : {"../one.safetensors", "/etc/hostname", "x/../../one.safetensors", ""}) {
    EXPECT_TRUE(
        refused(std::string(R"({"weight_map":{"a":")") + bad + "\"}}", "expected a file inside"))
        << bad;
  }
}

TEST_F(ShardIndex, MissingShardIsNamed) {
  EXPECT_TRUE(refused(R"({"weight_map":{"a":"three.safetensors"}})",
                      "three.safetensors, which does not exist"));
}

TEST_F(ShardIndex, DoubledTensorIsRefused) {
  EXPECT_TRUE(refused(R"({"weight_map":{"a":"one.safetensors","a":"two.safetensors"}})",
                      "names tensor 'a' twice"));
}

TEST_F(ShardIndex, KeysElsewhereMayRepeatThoseOfTensors) {
  write_file_atomic(
      path_, R"({"metadata":{"a":"x"},"weight_map":{"a":"one.safetensors"},"more":{"a":1}})");
  EXPECT_EQ(read_safetensors_index(path_).size(), 1u);
}

TEST_F(ShardIndex, MalformedIndexes) {
  EXPECT_TRUE(refused("{", "not valid JSON"));
  EXPECT_TRUE(refused(std::string("{}\0", 3), "NUL byte"));
  EXPECT_TRUE(refused("[]", "has no object 'weight_map'"));
  EXPECT_TRUE(refused(R"({"weight_map":[]})", "has no object 'weight_map'"));
  EXPECT_TRUE(refused(R"({"weight_map":{"a":1}})", "not a text"));
  EXPECT_TRUE(refused(std::string(100'000, '['), "nested deeper"));
}

TEST_F(ShardIndex, LinksInsideTheFolderMayLeadElsewhere) {
  const TempDir elsewhere;
  write_file_atomic(elsewhere / "blob", "");
  std::filesystem::create_symlink(elsewhere / "blob", dir_ / "linked.safetensors");
  write_file_atomic(path_, R"({"weight_map":{"a":"linked.safetensors"}})");
  EXPECT_EQ(read_safetensors_index(path_).at("a"), dir_ / "linked.safetensors");
}

}  // namespace
}  // namespace physprobe
