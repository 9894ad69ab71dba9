#include "physprobe/report/media_shelf.h"

#include "physprobe/core/error.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "synthetic_run.h"

namespace physprobe {
namespace {

using testing::TempDir;
using testing::write_text;

class MediaShelfTest : public ::testing::Test {
 protected:
  MediaShelfTest() : shelf_(folder_.path()) {
    std::filesystem::create_directories(folder_ / "media");
    write_text(folder_ / "media/a.jpg", "foobar");
    write_text(folder_ / "secret.jpg", "secret");
  }
  TempDir folder_;
  MediaShelf shelf_;
};

TEST_F(MediaShelfTest, EmbedsAStripOnce) {
  EXPECT_EQ(shelf_.strip_class("media/a.jpg"), "");
  const int64_t cost = shelf_.strip_cost("media/a.jpg");
  shelf_.embed_strip("media/a.jpg");
  EXPECT_EQ(static_cast<int64_t>(shelf_.css().size()), cost);
  EXPECT_EQ(shelf_.css(), ".m0{background-image:url(data:image/jpeg;base64,Zm9vYmFy)}\n");
  EXPECT_EQ(shelf_.strip_class("media/a.jpg"), "m0");
  EXPECT_EQ(shelf_.strip_cost("media/a.jpg"), 0);
  shelf_.embed_strip("media/a.jpg");
  EXPECT_EQ(static_cast<int64_t>(shelf_.css().size()), cost);
}

TEST_F(MediaShelfTest, MissingAndEmptyFilesAreCountedOnce) {
  EXPECT_FALSE(shelf_.data_uri("media/gone.mp4").has_value());
  EXPECT_FALSE(shelf_.data_uri("media/gone.mp4").has_value());
  EXPECT_EQ(shelf_.strip_cost("media/gone.jpg"), -1);
  write_text(folder_ / "media/empty.jpg", "");
  EXPECT_EQ(shelf_.strip_cost("media/empty.jpg"), -1);
  EXPECT_EQ(shelf_.missing(), 3);
}

TEST_F(MediaShelfTest, RefusesPathsOutsideMediaAndUnknownKinds) {
  for (const std::string path : {"secret.jpg", "media/../secret.jpg", "/etc/passwd",
                                 "../x/media/a.jpg", "", "media/a.html"}) {
    try {
      shelf_.data_uri(path);
      ADD_FAILURE() << path << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput) << path;
    }
    EXPECT_THROW(MediaShelf::relative_url(path), Error) << path;
  }
  EXPECT_EQ(MediaShelf::relative_url("media/a b')(.jpg"), "media/a%20b%27%29%28.jpg");
}

}  // namespace
}  // namespace physprobe
