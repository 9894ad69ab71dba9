// Headers that announce more frames than there are: each table of an MP4 file can lie by itself.
#include "physprobe/video/mp4_frame_counts.h"

#include "support/temp_dir.h"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "video/video_fixtures.h"

namespace physprobe {
namespace {

using testing::clip_path;
using testing::error_of;
using testing::file_bytes;
using testing::sequential_frames;
using testing::TempDir;
using testing::write_bytes;

/// plain.mp4, whose 5 frames stand in one chunk, with the big-endian number `offset` bytes behind a
/// box's type replaced.
std::string with_number(const char* box, std::size_t offset, uint32_t value) {
  std::string bytes = file_bytes(clip_path("plain.mp4"));
  const std::size_t at = bytes.find(box);
  EXPECT_NE(at, std::string::npos);
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[at + 4 + offset + i] = static_cast<char>(value >> (24 - 8 * i) & 0xFF);
  }
  return bytes;
}

void expect_refused_and_readable(const std::string& bytes) {
  TempDir dir;
  write_bytes(dir / "claims.mp4", bytes);
  const Error error = error_of([&] { VideoReader::open(dir / "claims.mp4"); });
  EXPECT_EQ(error.kind(), ErrorKind::kInput);
  EXPECT_NE(error.message().find("announces 431 frames, its tables describe 5"), std::string::npos)
      << error.what();
  EXPECT_NE(error.message().find("5 can be decoded"), std::string::npos) << error.what();

  VideoOptions tolerant;
  tolerant.allow_truncated = true;
  const auto reader = VideoReader::open(dir / "claims.mp4", tolerant);
  EXPECT_FALSE(reader->info().damage.empty());
  ASSERT_EQ(reader->info().frame_count, 5);
  const auto sound = VideoReader::open(clip_path("plain.mp4"));
  const std::vector<at::Tensor> frames = sequential_frames(*reader);
  for (int64_t i = 0; i < 5; ++i) {
    EXPECT_TRUE(at::equal(frames[static_cast<std::size_t>(i)], sound->read({i}).frames[0])) << i;
  }
  EXPECT_EQ(error_of([&] { reader->read({5}); }).kind(), ErrorKind::kUsage);
}

TEST(Mp4FrameCounts, TimesThatClaimMore) {
  expect_refused_and_readable(with_number("stts", 8, 431));
}

TEST(Mp4FrameCounts, SizesThatClaimMoreLeaveNothingToRead) {
  TempDir dir;
  write_bytes(dir / "claims.mp4", with_number("stsz", 8, 431));
  const Error error = error_of([&] { VideoReader::open(dir / "claims.mp4"); });
  EXPECT_EQ(error.kind(), ErrorKind::kInput);
  EXPECT_NE(error.message().find("announces 431 frames, its tables describe 5"), std::string::npos)
      << error.what();
  VideoOptions tolerant;
  tolerant.allow_truncated = true;
  EXPECT_EQ(error_of([&] { VideoReader::open(dir / "claims.mp4", tolerant); }).kind(),
            ErrorKind::kInput);
}

TEST(Mp4FrameCounts, SoundFilesAgree) {
  for (const std::string name : {"plain.mp4", "long.mp4", "edit_list.mp4", "fragmented.mp4",
                                 "b_frames.avi", "vfr.mkv", "cover_art.mp4"}) {
    for (int track = 0; track < 3; ++track) {
      EXPECT_FALSE(find_overclaimed_frames(InputFile(clip_path(name)), track).has_value()) << name;
    }
  }
}

TEST(Mp4FrameCounts, TablesLongerThanTheirBoxesAreReadOnlyAsFarAsTheyGo) {
  TempDir dir;
  for (const char* box : {"stts", "stsc", "stco"}) {
    write_bytes(dir / "table.mp4", with_number(box, 4, 0xFFFFFFFF));
    EXPECT_NO_THROW(find_overclaimed_frames(InputFile(dir / "table.mp4"), 0)) << box;
  }
}

}  // namespace
}  // namespace physprobe
