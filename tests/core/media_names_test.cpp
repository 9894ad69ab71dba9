#include "physprobe/core/media_names.h"

#include <gmock/gmock.h>

namespace physprobe {
namespace {

using ::testing::Contains;

TEST(MediaNames, ExtensionsInAnyCase) {
  EXPECT_TRUE(is_video_name("clips/a.mp4"));
  EXPECT_TRUE(is_video_name("clips/A.MP4"));
  EXPECT_TRUE(is_image_name("0001.png"));
  EXPECT_TRUE(is_image_name("x/0001.PNG"));
  EXPECT_FALSE(is_video_name("0001.png"));
  EXPECT_FALSE(is_image_name("a.mp4"));
}

TEST(MediaNames, OtherNamesAreNotMedia) {
  for (const char* name : {"", "mp4", "a.mp4.txt", "notes.txt", "a.mp4/notes.txt", "dir.mp4/"}) {
    EXPECT_FALSE(is_video_name(name)) << name;
  }
}

TEST(MediaNames, HiddenFilesAreNotMedia) {
  EXPECT_FALSE(is_video_name(".mp4"));
  EXPECT_FALSE(is_video_name("clips/.hidden.mp4"));
  EXPECT_TRUE(is_video_name(".folder/a.mp4"));
}

TEST(MediaNames, NumberedImages) {
  EXPECT_TRUE(is_numbered_image_name("0001.png"));
  EXPECT_TRUE(is_numbered_image_name("shot2_031.jpg"));
  EXPECT_TRUE(is_numbered_image_name("frame7b.png"));
  EXPECT_FALSE(is_numbered_image_name("cover.png"));
  EXPECT_FALSE(is_numbered_image_name("take7/cover.png"));
  EXPECT_FALSE(is_numbered_image_name("0001.mp4"));
}

TEST(MediaNames, EveryListedExtensionIsRecognised) {
  for (const std::string& extension : video_name_extensions()) {
    EXPECT_TRUE(is_video_name("x" + extension)) << extension;
    EXPECT_FALSE(is_image_name("x" + extension)) << extension;
  }
  for (const std::string& extension : image_name_extensions()) {
    EXPECT_TRUE(is_image_name("x" + extension)) << extension;
  }
}

TEST(MediaNames, ListsAreLowerCaseWithDotsAndCanBeJoined) {
  EXPECT_THAT(video_name_extensions(), Contains(".mp4"));
  EXPECT_THAT(image_name_extensions(), Contains(".png"));
  EXPECT_EQ(join_extensions({".a", ".b"}), ".a .b");
  EXPECT_EQ(join_extensions({}), "");
}

}  // namespace
}  // namespace physprobe
