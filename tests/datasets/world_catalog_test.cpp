#include "physprobe/datasets/worlds/world_catalog.h"

#include "physprobe/core/error.h"
#include "physprobe/datasets/manifest_writer.h"
#include "physprobe/datasets/worlds/moving_objects.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datasets/dataset_folder.h"

namespace physprobe {
namespace {

using ::testing::HasSubstr;

class EveryWorld : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryWorld, RendersWhatItsItemsName) {
  const std::string world = GetParam();
  const WorldDescription& description = world_named(world);
  EXPECT_FALSE(description.description.empty());
  const std::vector<DatasetItem> items = world_items(world, 2, 7);
  ASSERT_EQ(items.size(), 4U);
  for (const WorldTwin twin : {WorldTwin::kNatural, WorldTwin::kShuffled}) {
    const RenderedClip clip = render_clip(world, 7, 1, twin);
    const DatasetItem& item = items[2 + static_cast<std::size_t>(twin)];
    EXPECT_EQ(clip.id, item.id);
    EXPECT_EQ(clip.kind, item.label);
    EXPECT_EQ(clip.pair, item.pair);
    EXPECT_EQ(clip.fps, description.fps);
    EXPECT_EQ(clip.frames.sizes(),
              (std::vector<int64_t>{description.frames, description.height, description.width, 3}));
  }
}

TEST_P(EveryWorld, TheTwinHasTheSameFramesInAnotherOrder) {
  const RenderedClip natural = render_clip(GetParam(), 7, 0, WorldTwin::kNatural);
  const RenderedClip shuffled = render_clip(GetParam(), 7, 0, WorldTwin::kShuffled);
  const std::vector<int64_t> order = shuffled_order(7, 0, natural.frames.size(0));
  for (int64_t t = 0; t < natural.frames.size(0); ++t) {
    EXPECT_TRUE(at::equal(shuffled.frames[t], natural.frames[order[static_cast<std::size_t>(t)]]));
  }
}

TEST_P(EveryWorld, ItsManifestIsASoundDataset) {
  testing::DatasetFolder folder;
  const std::vector<DatasetItem> items = world_items(GetParam(), 3, 7, ".mkv");
  for (const DatasetItem& item : items) folder.add(item.relative_path);
  write_manifest_csv(folder / "manifest.csv", items);
  const Dataset dataset = load_dataset(folder.path());
  ASSERT_EQ(dataset.items.size(), 6U);
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(dataset.items[i].id, items[i].id);
    EXPECT_EQ(dataset.items[i].pair, items[i].pair);
    EXPECT_EQ(dataset.items[i].group, items[i].group);
    EXPECT_EQ(dataset.items[i].label, items[i].label);
    EXPECT_EQ(dataset.items[i].source, GetParam());
    EXPECT_EQ(dataset.items[i].attributes, items[i].attributes);
  }
}

std::vector<std::string> world_names() {
  std::vector<std::string> names;
  for (const WorldDescription& world : worlds()) names.push_back(world.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Worlds,
                         EveryWorld,
                         ::testing::ValuesIn(world_names()),
                         [](const auto& tested) { return tested.param; });

TEST(WorldCatalog, UnknownWorldsNameTheNearest) {
  try {
    render_clip("moving_object", 7, 0, WorldTwin::kNatural);
    FAIL() << "an unknown world was rendered";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("'moving_objects'"));
  }
  EXPECT_THROW(world_items("none", 1, 7), Error);
  EXPECT_THROW(world_items("moving_objects", 0, 7), Error);
  EXPECT_THROW(render_clip("moving_objects", 7, -1, WorldTwin::kNatural), Error);
}

}  // namespace
}  // namespace physprobe
