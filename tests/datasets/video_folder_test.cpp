#include "physprobe/core/error.h"
#include "physprobe/datasets/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sys/stat.h>

#include "datasets/dataset_folder.h"

namespace physprobe {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using testing::DatasetFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ids_of;
using testing::problems_of;
namespace fs = std::filesystem;

TEST(VideoFolder, ListsVideosAtAnyDepthInByteOrder) {
  DatasetFolder folder;
  folder.add("b.mp4").add("a/z.MKV").add("a/deep/er/y.webm").add("C.mov").add("a-1.avi");
  folder.add("notes.txt").add(".hidden.mp4").add(".git/x.mp4").add("._b.mp4");
  const Dataset dataset = load_dataset(folder.path());
  EXPECT_EQ(dataset.layout, "videos");
  EXPECT_THAT(ids_of(dataset), ElementsAre("C", "a-1", "a/deep/er/y", "a/z", "b"));
  EXPECT_EQ(dataset.items[2].relative_path, "a/deep/er/y.webm");
  EXPECT_EQ(dataset.items[2].path, folder / "a/deep/er/y.webm");
  EXPECT_EQ(dataset.items[2].line, 0);
}

TEST(VideoFolder, PipesSocketsAndDevicesAreNamedAndLeftOut) {
  DatasetFolder folder;
  folder.add("a.mp4").add("deep/b.mp4");
  ASSERT_EQ(mkfifo((folder / "deep/pipe.mp4").c_str(), 0600), 0);
  ASSERT_EQ(mkfifo((folder / "control").c_str(), 0600), 0);  // no name of a video: none of ours
  fs::create_symlink("/dev/zero", folder / "zero.mp4");
  DatasetOptions options;
  options.allow_outside_root = true;
  const Dataset dataset = load_dataset(folder.path(), options);
  EXPECT_THAT(ids_of(dataset), ElementsAre("a", "deep/b"));
  EXPECT_THAT(dataset.left_out,
              ElementsAre("'deep/pipe.mp4' was left out: it is a named pipe, not a video file",
                          "'zero.mp4' was left out: it is a device, not a video file"));
}

TEST(VideoFolder, AFolderOfPipesOnlyHoldsNoItems) {
  DatasetFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe.mp4").c_str(), 0600), 0);
  EXPECT_THAT(problems_of(folder.path()),
              ElementsAre(AllOf(HasSubstr("holds no items"), HasSubstr("it is a named pipe"))));
}

TEST(VideoFolder, AFolderOfNumberedImagesIsOneItem) {
  DatasetFolder folder;
  folder.add("run.1/0001.png").add("run.1/0002.png").add("x/y/f10.jpg").add("x/y/f9.jpg");
  folder.add("posters/cover.png").add("films/a.mp4").add("films/thumb1.png");
  EXPECT_THAT(ids_of(load_dataset(folder.path())), ElementsAre("films/a", "run.1", "x/y"));
}

TEST(VideoFolder, TheGivenFolderMayBeTheSequence) {
  DatasetFolder folder;
  folder.add("shot/1.png").add("shot/2.png");
  for (const std::string& path : {folder / "shot", folder / "shot/"}) {
    const Dataset dataset = load_dataset(path);
    EXPECT_THAT(ids_of(dataset), ElementsAre("shot"));
    EXPECT_EQ(dataset.items[0].path, folder / "shot");
    EXPECT_EQ(dataset.items[0].relative_path, ".");
  }
}

TEST(VideoFolder, OneVideoFileIsADatasetOfOne) {
  DatasetFolder folder;
  folder.add("dir/a b.mp4").add("dir/c.mp4");
  const Dataset dataset = load_dataset(folder / "dir/a b.mp4");
  EXPECT_THAT(ids_of(dataset), ElementsAre("a b"));
  EXPECT_EQ(dataset.items[0].path, folder / "dir/a b.mp4");
}

TEST(VideoFolder, NothingFoundSaysWhatWasLookedFor) {
  DatasetFolder folder;
  folder.add("cover.png").add("notes.txt").add("sub/more.txt");
  EXPECT_THAT(
      problems_of(folder.path()),
      ElementsAre(AllOf(HasSubstr(".mp4"), HasSubstr(".png"),
                        HasSubstr("found 1 images without a number"), HasSubstr("2 other files"))));
  EXPECT_THROW(load_dataset(folder.path()), Error);
}

TEST(VideoFolder, NamesThatDifferOnlyInCaseAreRefused) {
  DatasetFolder folder;
  folder.add("b.mp4").add("B.mov");
  if (problems_of(folder.path()).empty()) GTEST_SKIP() << "this file system ignores case";
  EXPECT_THAT(problems_of(folder.path()), ElementsAre(HasSubstr("upper and lower case")));
}

TEST(VideoFolder, FilesThatWouldShareAnIdAreNamed) {
  DatasetFolder folder;
  folder.add("a.mp4").add("a.mov");
  EXPECT_THAT(
      problems_of(folder.path()),
      ElementsAre(AllOf(HasSubstr("'a.mov'"), HasSubstr("'a.mp4'"), HasSubstr("manifest"))));
}

TEST(VideoFolder, EmptyAndUndecodableFilesAreListed) {
  DatasetFolder folder;
  folder.add("empty.mp4", "").add("text.mp4", "no video");
  EXPECT_THAT(ids_of(load_dataset(folder.path())), ElementsAre("empty", "text"));
}

TEST(VideoFolder, LinksThatLeaveTheFolderAreRefusedUnlessAllowed) {
  DatasetFolder folder;
  folder.add("in/a.mp4").add("out/b.mp4").add("out/c.mp4");
  fs::create_symlink(folder / "out/b.mp4", folder / "in/link.mp4");
  fs::create_directory_symlink(folder / "out", folder / "in/linked");
  fs::create_directory_symlink(folder / "in", folder / "in/loop");
  const std::vector<std::string> problems = problems_of(folder / "in");
  EXPECT_EQ(problems.size(), 2U);
  EXPECT_THAT(problems, Contains(HasSubstr("'linked' is a linked folder")));
  EXPECT_THAT(problems, Contains(HasSubstr("'link.mp4' leads through a symbolic link")));
  DatasetOptions options;
  options.allow_outside_root = true;
  EXPECT_THAT(ids_of(load_dataset(folder / "in", options)),
              ElementsAre("a", "link", "linked/b", "linked/c"));
}

TEST(VideoFolder, NamesThatAreNotUtf8AreRefused) {
  DatasetFolder folder;
  folder.add("a.mp4");
  try {
    folder.add("b\xE9.mp4");
  } catch (const Error&) {
    GTEST_SKIP() << "this file system takes no names that are not UTF-8";
  }
  EXPECT_THAT(problems_of(folder.path()), ElementsAre(HasSubstr("is not UTF-8")));
}

}  // namespace
}  // namespace physprobe
