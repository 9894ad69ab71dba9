#include "physprobe/datasets/manifest_writer.h"

#include "physprobe/core/error.h"

#include <gtest/gtest.h>

#include "datasets/dataset_folder.h"

namespace physprobe {
namespace {

using testing::DatasetFolder;

TEST(ManifestWriter, ReadsBackAsItWas) {
  DatasetFolder folder;
  folder.add("a.mp4").add("b, \"c\".mp4");
  std::vector<DatasetItem> items(2);
  items[0].id = "007";
  items[0].relative_path = "a.mp4";
  items[0].label = "two\nlines";
  items[0].start_seconds = 0.1;
  items[0].attributes = {{"zeta", "1"}, {"alpha", "x,y"}};
  items[1].id = "\xC3\xA9";
  items[1].relative_path = "b, \"c\".mp4";
  items[1].stop_seconds = 1.0 / 3.0;
  items[1].attributes = {{"alpha", "only"}};
  write_manifest_csv(folder / "out.csv", items);
  const Dataset dataset = load_dataset(folder / "out.csv");
  ASSERT_EQ(dataset.items.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(dataset.items[i].id, items[i].id);
    EXPECT_EQ(dataset.items[i].relative_path, items[i].relative_path);
    EXPECT_EQ(dataset.items[i].label, items[i].label);
    EXPECT_EQ(dataset.items[i].start_seconds, items[i].start_seconds);
    EXPECT_EQ(dataset.items[i].stop_seconds, items[i].stop_seconds);
    EXPECT_EQ(dataset.items[i].attributes, items[i].attributes);
  }
}

TEST(ManifestWriter, WritesOnlyColumnsInUseInTheStandardOrder) {
  std::vector<DatasetItem> items(1);
  items[0].id = "a";
  items[0].relative_path = "a.mp4";
  items[0].split = "test";
  items[0].label = "x";
  items[0].attributes = {{"b", "2"}, {"a", "1"}};
  EXPECT_EQ(manifest_csv(items), "id,path,label,split,a,b\na,a.mp4,x,test,1,2\n");
}

TEST(ManifestWriter, RefusesWhatCannotBeReadBack) {
  std::vector<DatasetItem> items(1);
  items[0].id = "a";
  EXPECT_THROW(manifest_csv(items), Error);
  items[0].relative_path = "a.mp4";
  items[0].attributes = {{"label", "x"}};
  EXPECT_THROW(manifest_csv(items), Error);
  items[0].attributes = {{"", "x"}};
  EXPECT_THROW(manifest_csv(items), Error);
}

}  // namespace
}  // namespace physprobe
