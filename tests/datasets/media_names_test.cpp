#include "physprobe/core/media_names.h"

#include <gtest/gtest.h>

namespace physprobe {
namespace {

TEST(MediaNames, ExtensionsAreMatchedInAnyCase) {
  EXPECT_TRUE(is_video_name("a/b.mp4"));
  EXPECT_TRUE(is_video_name("B.MP4"));
  EXPECT_TRUE(is_image_name("x.JPeG"));
  EXPECT_FALSE(is_video_name("x.jpeg"));
  EXPECT_FALSE(is_image_name("x.mp4"));
}

TEST(MediaNames, OnlyTheLastComponentCounts) {
  EXPECT_FALSE(is_video_name("dir.mp4/readme"));
  EXPECT_FALSE(is_video_name("mp4"));
  EXPECT_FALSE(is_video_name(""));
  EXPECT_FALSE(is_video_name("a.mp4/"));
}

TEST(MediaNames, HiddenFilesAreNoMedia) {
  EXPECT_FALSE(is_video_name(".mp4"));
  EXPECT_FALSE(is_video_name("dir/._a.mp4"));
  EXPECT_TRUE(is_video_name(".dir/a.mp4"));
}

TEST(MediaNames, NumberedImagesHaveADigitBeforeTheExtension) {
  EXPECT_TRUE(is_numbered_image_name("d/0001.png"));
  EXPECT_TRUE(is_numbered_image_name("frame7b.bmp"));
  EXPECT_FALSE(is_numbered_image_name("7/frame.png"));
  EXPECT_FALSE(is_numbered_image_name("7.mp4"));
}

TEST(MediaNames, EveryListedExtensionIsRecognised) {
  for (const std::string& extension : video_name_extensions()) {
    EXPECT_TRUE(is_video_name("x" + extension)) << extension;
    EXPECT_FALSE(is_image_name("x" + extension)) << extension;
  }
  for (const std::string& extension : image_name_extensions()) {
    EXPECT_TRUE(is_image_name("x" + extension)) << extension;
  }
  EXPECT_EQ(join_extensions({".a", ".b"}), ".a .b");
}

}  // namespace
}  // namespace physprobe
