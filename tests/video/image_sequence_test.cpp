#include "physprobe/video/image_sequence.h"

#include "support/temp_dir.h"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "video/video_fixtures.h"

namespace physprobe {
namespace {

using testing::error_of;
using testing::pattern_frame;
using testing::TempDir;
using testing::write_bytes;

void write_frames(const TempDir& dir, const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string bytes = names[i].find(".png") == std::string::npos
                                  ? encode_jpeg(pattern_frame(static_cast<int64_t>(i), 20, 30), 90)
                                  : encode_png(pattern_frame(static_cast<int64_t>(i), 20, 30));
    write_bytes(dir / names[i], bytes);
  }
}

TEST(ImageSequence, IsReadInOrderOfItsNumbers) {
  TempDir dir;
  write_frames(dir, {"shot2_8.png", "shot2_9.png", "shot2_10.png", "shot2_11.png"});
  write_bytes(dir / "notes.txt", "not a frame");
  write_bytes(dir / ".hidden5.png", "not a frame either");
  EXPECT_TRUE(is_image_sequence(dir.path()));
  VideoOptions options;
  options.image_sequence_fps = 10;
  const auto reader = VideoReader::open(dir.path(), options);
  const VideoInfo& info = reader->info();
  EXPECT_EQ(info.frame_count, 4);
  EXPECT_EQ(info.container, "image sequence");
  EXPECT_EQ(info.codec, "png");
  EXPECT_EQ(info.width, 30);
  EXPECT_EQ(info.height, 20);
  EXPECT_DOUBLE_EQ(info.end_seconds, 0.4);
  EXPECT_NEAR(info.fps, 10.0, 1e-9);
  EXPECT_FALSE(info.is_variable_rate);
  const Clip clip = reader->read({3, 0, 3});
  EXPECT_TRUE(at::equal(clip.frames[0], pattern_frame(3, 20, 30)));
  EXPECT_TRUE(at::equal(clip.frames[1], pattern_frame(0, 20, 30)));
  EXPECT_TRUE(at::equal(reader->read_played_at({0.19}).frames[0], pattern_frame(1, 20, 30)));
}

TEST(ImageSequence, EqualStepsAreOneSequence) {
  TempDir dir;
  write_frames(dir, {"f000.jpg", "f005.jpg", "f010.jpg"});
  EXPECT_EQ(VideoReader::open(dir.path())->info().codec, "jpeg");
  EXPECT_EQ(VideoReader::open(dir.path())->info().frame_count, 3);
}

TEST(ImageSequence, WindowRestrictsIt) {
  TempDir dir;
  write_frames(dir, {"0.png", "1.png", "2.png", "3.png"});
  VideoOptions options;
  options.image_sequence_fps = 1;
  options.start_seconds = 1.0;
  options.stop_seconds = 3.0;
  const auto reader = VideoReader::open(dir.path(), options);
  EXPECT_EQ(reader->info().frame_count, 2);
  EXPECT_TRUE(at::equal(reader->read({0}).frames[0], pattern_frame(1, 20, 30)));
}

void expect_broken(const std::vector<std::string>& names, const std::string& words) {
  TempDir dir;
  write_frames(dir, names);
  EXPECT_FALSE(is_image_sequence(dir.path()));
  const Error error = error_of([&] { VideoReader::open(dir.path()); });
  EXPECT_EQ(error.kind(), ErrorKind::kInput);
  EXPECT_NE(error.message().find(words), std::string::npos) << error.what();
}

TEST(ImageSequence, GapsAreNamed) {
  expect_broken({"1.png", "2.png", "4.png"}, "numbers 2 and 4 follow each other");
}
TEST(ImageSequence, TwoSequencesInOneFolderAreNamed) {
  expect_broken({"natural01.png", "natural02.png", "synthetic01.png"},
                "'natural#.png' and 'synthetic#.png'");
}
TEST(ImageSequence, DoubleNumbersAreNamed) {
  expect_broken({"1.png", "01.png"}, "number 1 occurs twice");
}
TEST(ImageSequence, UnnumberedImagesAreNamed) {
  expect_broken({"1.png", "cover.png"}, "'cover.png'");
}

TEST(ImageSequence, GapsArePassedWhenToleratedAndFlagged) {
  TempDir dir;
  write_frames(dir, {"1.png", "2.png", "4.png"});
  VideoOptions tolerant;
  tolerant.allow_truncated = true;
  const auto reader = VideoReader::open(dir.path(), tolerant);
  EXPECT_EQ(reader->info().frame_count, 3);
  EXPECT_EQ(reader->info().damage.size(), 1U);
}

TEST(ImageSequence, OddSizeIsNamed) {
  TempDir dir;
  write_frames(dir, {"1.png", "2.png", "3.png"});
  write_bytes(dir / "2.png", encode_png(pattern_frame(0, 20, 31)));
  const Error error = error_of([&] { VideoReader::open(dir.path()); });
  EXPECT_EQ(error.kind(), ErrorKind::kInput);
  EXPECT_NE(std::string(error.what()).find("2.png"), std::string::npos) << error.what();
  EXPECT_NE(error.message().find("31x20"), std::string::npos) << error.what();
}

TEST(ImageSequence, BrokenFrameIsNamedWhenRead) {
  TempDir dir;
  write_frames(dir, {"1.png", "2.png"});
  const std::string bytes = testing::file_bytes(dir / "2.png");
  write_bytes(dir / "2.png", bytes.substr(0, bytes.size() / 2));
  const auto reader = VideoReader::open(dir.path());
  const Error error = error_of([&] { reader->read({1}); });
  EXPECT_EQ(error.kind(), ErrorKind::kInput);
  EXPECT_NE(std::string(error.what()).find("2.png"), std::string::npos) << error.what();
  EXPECT_NO_THROW(reader->read({0}));
}

TEST(ImageSequence, LimitsHold) {
  TempDir dir;
  write_frames(dir, {"1.png", "2.png"});
  VideoOptions options;
  options.max_pixels = 20 * 30 - 1;
  EXPECT_EQ(error_of([&] { VideoReader::open(dir.path(), options); }).kind(), ErrorKind::kResource);
  options.max_pixels = 20 * 30;
  options.max_frames = 1;
  EXPECT_EQ(error_of([&] { VideoReader::open(dir.path(), options); }).kind(), ErrorKind::kResource);
}

TEST(ImageSequence, DigestCoversNamesAndContents) {
  TempDir dir;
  write_frames(dir, {"1.png", "2.png"});
  const std::string digest = content_digest(dir.path());
  write_bytes(dir / "notes.txt", "no part of the sequence");
  EXPECT_EQ(content_digest(dir.path()), digest);
  std::filesystem::rename(dir / "2.png", dir / "3.png");
  EXPECT_NE(content_digest(dir.path()), digest);
  std::filesystem::rename(dir / "3.png", dir / "2.png");
  EXPECT_EQ(content_digest(dir.path()), digest);
  write_bytes(dir / "2.png", encode_png(pattern_frame(9, 20, 30)));
  EXPECT_NE(content_digest(dir.path()), digest);
  TempDir empty;
  EXPECT_EQ(error_of([&] { content_digest(empty.path()); }).kind(), ErrorKind::kInput);
  EXPECT_FALSE(is_image_sequence(empty.path()));
  EXPECT_FALSE(is_image_sequence(dir / "1.png"));
}

}  // namespace
}  // namespace physprobe
