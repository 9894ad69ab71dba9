#include "physprobe/eval/world_dataset.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/hashing.h"
#include "physprobe/datasets/dataset.h"
#include "physprobe/video/video_reader.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::TempDir;
using testing::throws_error;

WorldRenderOptions of_clips(int64_t clips, uint64_t seed = 7) {
  WorldRenderOptions options;
  options.clips = clips;
  options.seed = seed;
  return options;
}

TEST(WorldDataset, IsASoundDatasetOfDecodableVideos) {
  const TempDir dir;
  const std::string manifest = render_world_dataset(dir / "w", of_clips(1));
  const Dataset dataset = load_dataset(manifest);
  ASSERT_EQ(dataset.items.size(), 2U);
  EXPECT_EQ(dataset.items[0].id, "clip-000-natural");
  EXPECT_EQ(dataset.items[1].label, "shuffled");
  EXPECT_EQ(dataset.items[1].pair, dataset.items[0].pair);
  for (const DatasetItem& item : dataset.items) {
    EXPECT_EQ(VideoReader::open(item.path, {})->info().frame_count, 24) << item.id;
  }
}

TEST(WorldDataset, ContinuesAndGrowsWithTheSameBytes) {
  const TempDir dir;
  render_world_dataset(dir / "whole", of_clips(2));
  // As an interrupted rendering leaves it: one video is missing and no manifest was written.
  render_world_dataset(dir / "parts", of_clips(1));
  std::filesystem::remove(dir / "parts/manifest.csv");
  std::filesystem::remove(dir / "parts/clip-000-shuffled.mp4");
  write_file_atomic(dir / "parts/clip-000-shuffled.mp4.tmp-99999999-1", "half");
  render_world_dataset(dir / "parts", of_clips(2));
  for (const auto& entry : std::filesystem::directory_iterator(dir / "whole")) {
    const std::string name = entry.path().filename().string();
    EXPECT_EQ(sha256_file(dir / ("parts/" + name)), sha256_file(entry.path().string())) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(dir / "parts/clip-000-shuffled.mp4.tmp-99999999-1"));
}

TEST(WorldDataset, NobodysDataAreWrittenOver) {
  const TempDir dir;
  render_world_dataset(dir / "w", of_clips(1));
  EXPECT_TRUE(throws_error(ErrorKind::kIncompatible,
                           "another rendered world (moving_objects seed=7",
                           [&] { render_world_dataset(dir / "w", of_clips(1, 8)); }));
  create_directories(dir / "mine");
  write_file_atomic(dir / "mine/manifest.csv", "id,path\n");
  EXPECT_TRUE(throws_error(ErrorKind::kIncompatible, "was not rendered",
                           [&] { render_world_dataset(dir / "mine", of_clips(1)); }));
  EXPECT_EQ(read_file(dir / "mine/manifest.csv"), "id,path\n");
}

TEST(WorldDataset, UnknownWorldsAndBadCountsAreRefused) {
  const TempDir dir;
  WorldRenderOptions options = of_clips(1);
  options.world = "moving_object";
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "'moving_objects'",
                           [&] { render_world_dataset(dir / "w", options); }));
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "expected 1 or more",
                           [&] { render_world_dataset(dir / "w", of_clips(0)); }));
  EXPECT_FALSE(std::filesystem::exists(dir / "w"));
}

TEST(WorldDataset, DescriptionNamesEveryWorldInShortLines) {
  const std::string text = describe_worlds();
  EXPECT_EQ(text.rfind("moving_objects\n", 0), 0U);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    EXPECT_LE(end - begin, 100U);
    begin = end + 1;
  }
}

}  // namespace
}  // namespace physprobe
