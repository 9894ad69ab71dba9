#include "physprobe/datasets/worlds/world_catalog.h"

#include "physprobe/core/error.h"
#include "physprobe/datasets/manifest_writer.h"
#include "physprobe/datasets/worlds/moving_objects.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "datasets/dataset_folder.h"

namespace physprobe {
namespace {

using testing::throws_error;

class EveryWorld : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryWorld, RendersWhatItsItemsName) {
  const std::string world = GetParam();
  const WorldDescription& description = world_named(world);
  EXPECT_FALSE(description.description.empty());
  const std::vector<DatasetItem> items = world_items(world, 2, 7);
  ASSERT_EQ(items.size(), 4U);
  const std::vector<RenderedClip> clips = render_clips(world, 7, 1);
  ASSERT_EQ(clips.size(), 2U);
  for (std::size_t i = 0; i < clips.size(); ++i) {
    EXPECT_EQ(clips[i].id, items[2 + i].id);
    EXPECT_EQ(clips[i].frames.sizes(),
              (std::vector<int64_t>{description.frames, description.height, description.width, 3}));
  }
}

TEST(MovingObjectsWorld, TheTwinHasTheSameFramesInAnotherOrder) {
  const std::vector<RenderedClip> clips = render_clips("moving_objects", 7, 0);
  const std::vector<int64_t> order = shuffled_order(7, 0, clips[0].frames.size(0));
  for (int64_t t = 0; t < clips[0].frames.size(0); ++t) {
    EXPECT_TRUE(at::equal(clips[1].frames[t], clips[0].frames[order[static_cast<std::size_t>(t)]]));
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

TEST(ImpossibleObjectsWorld, TheTwinIsTheSameUntilTheViolation) {
  const std::vector<DatasetItem> items = world_items("impossible_objects", 2, 7);
  for (int64_t index = 0; index < 2; ++index) {
    const DatasetItem& item = items[static_cast<std::size_t>(2 * index + 1)];
    EXPECT_EQ(item.label, "impossible");
    EXPECT_EQ(item.pair, items[static_cast<std::size_t>(2 * index)].pair);
    EXPECT_EQ(item.attributes.at("property"), index == 0 ? "permanence" : "continuity");
    const int64_t first = std::stoll(item.attributes.at("violation_frame"));
    const std::vector<RenderedClip> clips = render_clips("impossible_objects", 7, index);
    EXPECT_TRUE(clips[0].frames.slice(0, 0, first).equal(clips[1].frames.slice(0, 0, first)));
    for (int64_t t = first; t < clips[0].frames.size(0); ++t)
      EXPECT_FALSE(clips[0].frames[t].equal(clips[1].frames[t])) << index << ' ' << t;
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
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "'moving_objects'",
                           [] { render_clips("moving_object", 7, 0); }));
  EXPECT_THROW(world_items("none", 1, 7), Error);
  EXPECT_THROW(world_items("moving_objects", 0, 7), Error);
  EXPECT_THROW(render_clips("moving_objects", 7, -1), Error);
}

}  // namespace
}  // namespace physprobe
