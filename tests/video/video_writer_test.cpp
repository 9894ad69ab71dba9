#include "physprobe/video/video_writer.h"

#include "support/temp_dir.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "video/video_fixtures.h"

namespace physprobe {
namespace {

using testing::error_of;
using testing::file_bytes;
using testing::pattern_frame;
using testing::TempDir;
using testing::write_pattern;

bool is_available(const std::string& codec) {
  const std::vector<std::string> encoders = available_encoders();
  return std::find(encoders.begin(), encoders.end(), codec) != encoders.end();
}

struct Case {
  std::string codec;
  std::string extension;
};
void PrintTo(const Case& one, std::ostream* out) {
  *out << one.codec << one.extension;
}

class EveryCodec : public ::testing::TestWithParam<Case> {};

TEST_P(EveryCodec, WritesFramesThatReadBack) {
  if (!is_available(GetParam().codec))
    GTEST_SKIP() << GetParam().codec << " cannot be written here";
  TempDir dir;
  VideoWriterOptions options;
  options.codec = GetParam().codec;
  options.fps = 30000.0 / 1001.0;
  options.quality = 4;
  const std::string path = dir / ("clip" + GetParam().extension);
  at::Tensor smooth = at::empty({48, 64, 3}, at::kByte);
  for (int64_t x = 0; x < 64; ++x) smooth.select(1, x).fill_(40 + 2 * x);
  {
    const auto writer = VideoWriter::open(path, 64, 48, options);
    for (int64_t t = 0; t < 13; ++t) writer->write(smooth + t);
    writer->close();
  }
  const auto reader = VideoReader::open(path);
  EXPECT_EQ(reader->info().codec, GetParam().codec);
  ASSERT_EQ(reader->info().frame_count, 13);
  EXPECT_NEAR(reader->info().fps, 29.97, 0.05);
  EXPECT_NEAR(reader->info().end_seconds, 13 * 1001.0 / 30000.0, 2e-3);
  const Clip clip = reader->read({0, 12});
  // Lossy codecs at a fine quality: a few levels; a swapped channel or shifted frame would be far
  // more.
  const int tolerance = GetParam().codec == "ffv1" ? 0 : 8;
  EXPECT_LE((clip.frames[0].to(at::kInt) - smooth.to(at::kInt)).abs().max().item<int>(), tolerance);
  EXPECT_LE((clip.frames[1].to(at::kInt) - (smooth + 12).to(at::kInt)).abs().max().item<int>(),
            tolerance);
}

TEST_P(EveryCodec, EqualFramesGiveAnEqualFile) {
  if (!is_available(GetParam().codec))
    GTEST_SKIP() << GetParam().codec << " cannot be written here";
  TempDir dir;
  VideoWriterOptions options;
  options.codec = GetParam().codec;
  write_pattern(dir / ("a" + GetParam().extension), 6, 32, 48, options);
  write_pattern(dir / ("b" + GetParam().extension), 6, 32, 48, options);
  const std::string bytes = file_bytes(dir / ("a" + GetParam().extension));
  EXPECT_EQ(bytes, file_bytes(dir / ("b" + GetParam().extension)));
  for (const std::string version : {"x264", "Lavf5", "Lavf6", "Lavc5", "Lavc6"}) {
    EXPECT_EQ(bytes.find(version), std::string::npos) << version;
  }
}

INSTANTIATE_TEST_SUITE_P(VideoWriter,
                         EveryCodec,
                         ::testing::Values(Case{"h264", ".mp4"},
                                           Case{"h264", ".mkv"},
                                           Case{"vp8", ".webm"},
                                           Case{"mpeg4", ".mp4"},
                                           Case{"ffv1", ".mkv"}),
                         [](const auto& one) {
                           return one.param.codec + "_" + one.param.extension.substr(1);
                         });

TEST(VideoWriter, AutoTakesTheFirstThatFits) {
  TempDir dir;
  write_pattern(dir / "a.webm", 2, 16, 16);
  EXPECT_EQ(VideoReader::open(dir / "a.webm")->info().codec, "vp8");
  if (!is_available("h264")) GTEST_SKIP() << "h264 cannot be written here";
  write_pattern(dir / "a.mp4", 2, 16, 16);
  EXPECT_EQ(VideoReader::open(dir / "a.mp4")->info().codec, "h264");
}

TEST(VideoWriter, OddSizesStayAsTheyAre) {
  if (!is_available("h264")) GTEST_SKIP() << "h264 cannot be written here";
  TempDir dir;
  write_pattern(dir / "odd.mp4", 3, 33, 51);
  const VideoInfo info = VideoReader::open(dir / "odd.mp4")->info();
  EXPECT_EQ(info.width, 51);
  EXPECT_EQ(info.height, 33);
  EXPECT_EQ(info.pixel_format, "yuv444p");
  VideoWriterOptions mpeg4;
  mpeg4.codec = "mpeg4";
  EXPECT_EQ(error_of([&] { VideoWriter::open(dir / "odd2.mp4", 51, 33, mpeg4); }).kind(),
            ErrorKind::kUsage);
}

TEST(VideoWriter, NothingIsLeftBehindWithoutClose) {
  TempDir dir;
  {
    const auto writer = VideoWriter::open(dir / "a.mp4", 16, 16);
    writer->write(pattern_frame(0, 16, 16));
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

TEST(VideoWriter, AnOldFileStaysUntilTheNewOneIsWhole) {
  TempDir dir;
  testing::write_bytes(dir / "a.mp4", "old");
  {
    const auto writer = VideoWriter::open(dir / "a.mp4", 16, 16);
    writer->write(pattern_frame(0, 16, 16));
    EXPECT_EQ(file_bytes(dir / "a.mp4"), "old");
    writer->close();
    writer->close();  // a second close does nothing
    EXPECT_EQ(error_of([&] { writer->write(pattern_frame(1, 16, 16)); }).kind(), ErrorKind::kUsage);
  }
  EXPECT_EQ(VideoReader::open(dir / "a.mp4")->info().frame_count, 1);
}

TEST(VideoWriter, WrongUseIsRefused) {
  TempDir dir;
  const auto kind = [&](const std::string& name, int64_t width, int64_t height,
                        const VideoWriterOptions& options) {
    return error_of([&] { VideoWriter::open(dir / name, width, height, options); }).kind();
  };
  VideoWriterOptions options;
  EXPECT_EQ(kind("a.txt", 16, 16, options), ErrorKind::kUsage);
  EXPECT_EQ(kind("a.mp4", 0, 16, options), ErrorKind::kUsage);
  options.codec = "h264";
  EXPECT_EQ(kind("a.webm", 16, 16, options), ErrorKind::kUsage);
  options.codec = "h266";
  EXPECT_EQ(kind("a.mp4", 16, 16, options), ErrorKind::kUsage);
  options = {};
  options.fps = 0;
  EXPECT_EQ(kind("a.mp4", 16, 16, options), ErrorKind::kUsage);
  options = {};
  options.quality = 52;
  EXPECT_EQ(kind("a.mp4", 16, 16, options), ErrorKind::kUsage);
  EXPECT_EQ(kind("missing/folder/a.mp4", 16, 16, {}), ErrorKind::kResource);
  const auto writer = VideoWriter::open(dir / "b.mp4", 16, 16);
  EXPECT_EQ(error_of([&] { writer->write(pattern_frame(0, 16, 18)); }).kind(), ErrorKind::kUsage);
  EXPECT_EQ(error_of([&] { writer->write(pattern_frame(0, 16, 16).to(at::kFloat)); }).kind(),
            ErrorKind::kUsage);
  EXPECT_EQ(error_of([&] { writer->close(); }).kind(), ErrorKind::kUsage);
}

TEST(VideoWriter, CodecListsNameWhatIsInstalled) {
  const std::vector<std::string> decoders = available_decoders();
  for (const std::string codec : {"h264", "hevc", "mpeg4", "vp8", "vp9"}) {
    EXPECT_NE(std::find(decoders.begin(), decoders.end(), codec), decoders.end()) << codec;
  }
  EXPECT_TRUE(is_available("mpeg4"));
}

}  // namespace
}  // namespace physprobe
