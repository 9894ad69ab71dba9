#include "physprobe/datasets/dataset.h"

#include "physprobe/core/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "datasets/dataset_folder.h"

namespace physprobe {
namespace {

using ::testing::AllOf;
using testing::DatasetFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ids_of;
using testing::problems_of;
using testing::throws_error;

TEST(Dataset, LayoutsAreListedByName) {
  EXPECT_THAT(dataset_layouts(), ElementsAre("intphys", "grasp", "inflevel", "intphys2", "likephys",
                                             "manifest", "videos"));
}

TEST(Dataset, UnknownLayoutNamesTheNearest) {
  DatasetOptions options;
  options.layout = "video";
  const auto load = [&] { load_dataset("anything", options); };
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "dataset.layout", load));
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "'videos'", load));
}

TEST(Dataset, EveryLayoutReportsAMissingPath) {
  DatasetFolder folder;
  std::vector<std::string> layouts = dataset_layouts();
  layouts.emplace_back("auto");
  for (const std::string& layout : layouts) {
    DatasetOptions options;
    options.layout = layout;
    EXPECT_THAT(problems_of(folder / "gone", options), ElementsAre("0: does not exist")) << layout;
    try {
      load_dataset(folder / "gone", options);
      FAIL() << layout;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput) << layout;
      EXPECT_EQ(error.subject(), folder / "gone") << layout;
    }
  }
}

TEST(Dataset, EveryLayoutRefusesAFileOfAnotherKind) {
  DatasetFolder folder;
  folder.add("notes.txt", "hello\n");
  std::vector<std::string> layouts = dataset_layouts();
  layouts.emplace_back("auto");
  for (const std::string& layout : layouts) {
    DatasetOptions options;
    options.layout = layout;
    EXPECT_EQ(problems_of(folder / "notes.txt", options).size(), 1U) << layout;
  }
}

TEST(Dataset, LimitKeepsTheFirstItemsAfterAllAreChecked) {
  DatasetFolder folder;
  folder.add("a.mp4").add("b.mp4").add("c.mp4");
  DatasetOptions options;
  options.limit = 2;
  EXPECT_THAT(ids_of(load_dataset(folder.path(), options)), ElementsAre("a", "b"));
  options.limit = 9;
  EXPECT_EQ(load_dataset(folder.path(), options).items.size(), 3U);
  folder.add("a.mov");
  options.limit = 1;
  EXPECT_THROW(load_dataset(folder.path(), options), Error);
  options.limit = -1;
  EXPECT_THROW(load_dataset(folder.path(), options), Error);
}

TEST(Dataset, ValidateGivesTheSoundItemsToo) {
  DatasetFolder folder;
  folder.add("a.mp4").add("list.csv", "path\na.mp4\ngone.mp4\n");
  Dataset dataset;
  EXPECT_EQ(problems_of(folder / "list.csv", {}, &dataset).size(), 1U);
  EXPECT_THAT(ids_of(dataset), ElementsAre("a"));
  EXPECT_EQ(dataset.path, folder / "list.csv");
}

TEST(Dataset, AnErrorsTextStaysReadable) {
  DatasetFolder folder;
  std::string text = "path\n";
  for (int i = 0; i < 1500; ++i) text += "gone" + std::to_string(i) + ".mp4\n";
  folder.add("list.csv", text);
  EXPECT_EQ(problems_of(folder / "list.csv").size(), 1500U);
  try {
    load_dataset(folder / "list.csv");
    FAIL() << "missing files were accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), AllOf(HasSubstr("1500 problems"), HasSubstr("line 1001: "),
                                       HasSubstr("and 500 more")));
  }
}

}  // namespace
}  // namespace physprobe
