#include "physprobe/video/matroska_structure.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include "video/video_fixtures.h"

namespace physprobe {
namespace {

using testing::clip_path;
using testing::error_of;
using testing::file_bytes;
using testing::TempDir;
using testing::write_bytes;

const std::string kSegment("\x18\x53\x80\x67", 4);
const std::string kCluster("\x1F\x43\xB6\x75", 4);

std::optional<std::string> damage_of(const std::string& bytes) {
  TempDir dir;
  write_bytes(dir / "clip.mkv", bytes);
  return find_matroska_damage(InputFile(dir / "clip.mkv"));
}

/// Bytes of the size that stands at `at`.
std::size_t size_length(const std::string& bytes, std::size_t at) {
  std::size_t length = 1;
  for (auto first = static_cast<unsigned char>(bytes[at]); (first & 0x80) == 0; first <<= 1)
    ++length;
  return length;
}

/// The size of the first element with this identifier made "unknown", as live streams have it.
void make_open(std::string& bytes, const std::string& id) {
  const std::size_t at = bytes.find(id) + id.size();
  const std::size_t length = size_length(bytes, at);
  bytes[at] = static_cast<char>(0xFF >> (length - 1));
  for (std::size_t i = 1; i < length; ++i) bytes[at + i] = '\xFF';
}

TEST(MatroskaStructure, SoundFilesAreWhole) {
  for (const std::string name : {"vfr.mkv", "start_offset.mkv", "av1.mkv", "two_streams.mkv",
                                 "vp9.webm", "vp8_hidden.webm", "odd_420.webm"}) {
    EXPECT_EQ(find_matroska_damage(InputFile(clip_path(name))), std::nullopt) << name;
  }
}

TEST(MatroskaStructure, OtherFilesAreNotJudged) {
  EXPECT_EQ(find_matroska_damage(InputFile(clip_path("plain.mp4"))), std::nullopt);
  EXPECT_EQ(damage_of(""), std::nullopt);
  EXPECT_EQ(damage_of("\x1A\x45\xDF\xA3"), std::nullopt);
}

TEST(MatroskaStructure, UnknownSizesAreOfLiveStreams) {
  std::string bytes = file_bytes(clip_path("vfr.mkv"));
  make_open(bytes, kSegment);
  EXPECT_EQ(damage_of(bytes), std::nullopt);
  make_open(bytes, kCluster);
  EXPECT_EQ(damage_of(bytes), std::nullopt);
}

TEST(MatroskaStructure, FilesThatEndEarlyAreNamed) {
  const std::string bytes = file_bytes(clip_path("vfr.mkv"));
  const auto damage = damage_of(bytes.substr(0, bytes.size() - 1));
  ASSERT_TRUE(damage.has_value());
  EXPECT_NE(damage->find("the file ends at byte"), std::string::npos) << *damage;
}

TEST(MatroskaStructure, ChecksumsAreCompared) {
  std::string bytes = file_bytes(clip_path("av1.mkv"));
  const std::size_t inside =
      bytes.find(kCluster) + 200;  // of a picture, which decodes nevertheless
  bytes[inside] = static_cast<char>(bytes[inside] ^ 1);
  const auto damage = damage_of(bytes);
  ASSERT_TRUE(damage.has_value());
  EXPECT_NE(damage->find("do not match the checksum"), std::string::npos) << *damage;
}

TEST(MatroskaStructure, BlocksThatDoNotFitAreNamedAndNotSkipped) {
  std::string bytes = file_bytes(clip_path("av1.mkv"));
  const std::size_t cluster = bytes.find(kCluster);
  const std::size_t content = cluster + 4 + size_length(bytes, cluster + 4);
  // The first block of the cluster: identifier A3, then its size.
  const std::size_t block = bytes.find('\xA3', content);
  const std::size_t length = size_length(bytes, block + 1);
  bytes[block + length] = static_cast<char>(bytes[block + length] ^ 0x15);
  const auto damage = damage_of(bytes);
  ASSERT_TRUE(damage.has_value());
  EXPECT_NE(damage->find("structure is broken at byte"), std::string::npos) << *damage;

  TempDir dir;
  write_bytes(dir / "flipped.mkv", bytes);
  const Error error = error_of([&] { VideoReader::open(dir / "flipped.mkv"); });
  EXPECT_EQ(error.kind(), ErrorKind::kInput);
  EXPECT_NE(error.message().find("structure is broken"), std::string::npos) << error.what();
}

}  // namespace
}  // namespace physprobe
