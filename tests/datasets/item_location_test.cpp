#include "physprobe/datasets/item_location.h"

#include "physprobe/core/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sys/stat.h>

#include "datasets/dataset_folder.h"

namespace physprobe {
namespace {

using ::testing::AllOf;
using testing::DatasetFolder;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class ItemLocatorTest : public ::testing::Test {
 protected:
  ItemLocatorTest() {
    folder_.add("root/sub/a.mp4").add("outside/b.mp4");
    fs::create_symlink(folder_ / "outside/b.mp4", folder_ / "root/file_link.mp4");
    fs::create_directory_symlink(folder_ / "outside", folder_ / "root/folder_link");
    fs::create_symlink("sub/a.mp4", folder_ / "root/inner_link.mp4");
    fs::create_symlink("nowhere", folder_ / "root/dangling.mp4");
  }
  std::string problem(const std::string& listed, bool allow = false) {
    return ItemLocator(folder_ / "root", allow).locate(listed).problem;
  }
  DatasetFolder folder_;
};

TEST_F(ItemLocatorTest, RefusesAbsolutePathsUnlessAllowed) {
  EXPECT_THAT(problem(folder_ / "root/sub/a.mp4"),
              AllOf(HasSubstr("is absolute"), HasSubstr("--allow-outside-root")));
  EXPECT_EQ(problem(folder_ / "outside/b.mp4", true), "");
}

TEST_F(ItemLocatorTest, RefusesParentComponentsUnlessAllowed) {
  EXPECT_THAT(problem("../outside/b.mp4"), HasSubstr("contains '..'"));
  EXPECT_THAT(problem("sub/../sub/a.mp4"), HasSubstr("contains '..'"));
  EXPECT_THAT(problem("sub/.."), HasSubstr("contains '..'"));
  ItemLocator allowed(folder_ / "root", true);
  EXPECT_EQ(allowed.locate("../outside/b.mp4").path, folder_ / "outside/b.mp4");
}

TEST_F(ItemLocatorTest, RefusesLinksThatLeaveTheRootUnlessAllowed) {
  EXPECT_THAT(problem("file_link.mp4"), HasSubstr("symbolic link"));
  EXPECT_THAT(problem("folder_link/b.mp4"), HasSubstr("symbolic link"));
  EXPECT_EQ(problem("file_link.mp4", true), "");
  EXPECT_EQ(problem("folder_link/b.mp4", true), "");
  EXPECT_EQ(problem("inner_link.mp4"), "");
}

TEST_F(ItemLocatorTest, ARootReachedThroughALinkIsARoot) {
  fs::create_directory_symlink(folder_ / "root", folder_ / "alias");
  ItemLocator locator(folder_ / "alias", false);
  const ItemLocator::Location location = locator.locate("sub/a.mp4");
  EXPECT_EQ(location.problem, "");
  EXPECT_EQ(location.path, folder_ / "alias/sub/a.mp4");
}

TEST_F(ItemLocatorTest, SaysWhyNothingIsThere) {
  EXPECT_THAT(problem("sub/none.mp4"), HasSubstr("'sub/none.mp4' does not exist"));
  EXPECT_THAT(problem("sub\\a.mp4"), HasSubstr("not by '\\'"));
  EXPECT_THAT(problem(" sub/a.mp4"), HasSubstr("space"));
  EXPECT_THAT(problem("http://host/a.mp4"), HasSubstr("URL"));
  EXPECT_THAT(problem(""), HasSubstr("empty"));
  EXPECT_THAT(problem(std::string("a\0b", 3)), HasSubstr("NUL"));
  EXPECT_THAT(problem("dangling.mp4"), HasSubstr("cannot be followed"));
  EXPECT_THAT(problem("sub/a.mp4/x"), HasSubstr("cannot be opened"));
  EXPECT_THAT(problem(std::string(300, 'x') + ".mp4"), HasSubstr("cannot be opened"));
}

TEST_F(ItemLocatorTest, RefusesWhatIsNeitherFileNorFramesFolder) {
  ASSERT_EQ(mkfifo((folder_ / "root/pipe.mp4").c_str(), 0600), 0);
  EXPECT_THAT(problem("pipe.mp4"), HasSubstr("neither a file nor a folder"));
  EXPECT_THAT(problem("sub"), HasSubstr("without numbered images"));
  folder_.add("root/frames/f1.png");
  ItemLocator locator(folder_ / "root", false);
  EXPECT_TRUE(locator.locate("frames").is_directory);
  EXPECT_EQ(locator.locate("frames/").path, folder_ / "root/frames");
}

TEST_F(ItemLocatorTest, TakesSpacesUtf8AndVeryLongPaths) {
  std::string name = "a b/\xE3\x81\x8C \xC3\xA9";
  for (int i = 0; i < 10; ++i) name += "/" + std::string(200, 'd');
  name += "/x.mp4";
  folder_.add("root/" + name);
  ItemLocator locator(folder_ / "root", false);
  EXPECT_EQ(locator.locate(name).problem, "");
  EXPECT_EQ(locator.locate(name).path, folder_ / ("root/" + name));
}

TEST_F(ItemLocatorTest, ThrowsForAMissingRoot) {
  EXPECT_THROW(ItemLocator(folder_ / "gone", false), Error);
}

}  // namespace
}  // namespace physprobe
