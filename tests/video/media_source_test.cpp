// What is refused at the door: things that are no sound local video file, and files larger than the
// limits.
#include "physprobe/video/media_source.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sys/stat.h>
#include <unistd.h>

#include "video/video_fixtures.h"

namespace physprobe {
namespace {

using testing::clip_path;
using testing::error_of;
using testing::file_bytes;
using testing::TempDir;
using testing::write_bytes;

void expect_refused(const std::string& path, ErrorKind kind, const std::string& words) {
  const Error error = error_of([&] { VideoReader::open(path); });
  EXPECT_EQ(error.kind(), kind) << error.what();
  EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
}

TEST(MediaSource, EmptyFile) {
  TempDir dir;
  write_bytes(dir / "empty.mp4", "");
  expect_refused(dir / "empty.mp4", ErrorKind::kInput, "empty (0 bytes)");
}

TEST(MediaSource, TextNamedMp4) {
  TempDir dir;
  write_bytes(dir / "text.mp4", std::string(5000, 'a') + "\nthis is not a video\n");
  expect_refused(dir / "text.mp4", ErrorKind::kInput, "not a video file");
  write_bytes(dir / "short.mp4", "hello");
  expect_refused(dir / "short.mp4", ErrorKind::kInput, "not a video file");
}

TEST(MediaSource, MissingFile) {
  expect_refused("/nonexistent/clip.mp4", ErrorKind::kInput, "does not exist");
}

TEST(MediaSource, DirectoryWithoutImages) {
  TempDir dir;
  expect_refused(dir.path(), ErrorKind::kInput, "without numbered images");
}

TEST(MediaSource, NoPermission) {
  TempDir dir;
  write_bytes(dir / "clip.mp4", file_bytes(clip_path("plain.mp4")));
  ASSERT_EQ(chmod((dir / "clip.mp4").c_str(), 0), 0);
  ASSERT_EQ(chmod(dir.path().c_str(), 0755), 0);
  // Root may read everything, so that it has to be nobody for a moment.
  constexpr uid_t kNobody = 65534;
  const bool was_root = geteuid() == 0;
  if (was_root && seteuid(kNobody) != 0) GTEST_SKIP() << "root without the right to be another";
  expect_refused(dir / "clip.mp4", ErrorKind::kInput, "cannot be opened");
  if (was_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
}

TEST(MediaSource, NamedPipeIsNotWaitedFor) {
  TempDir dir;
  ASSERT_EQ(mkfifo((dir / "pipe.mp4").c_str(), 0600), 0);
  expect_refused(dir / "pipe.mp4", ErrorKind::kInput, "not a regular file");
}

TEST(MediaSource, AudioOnly) {
  expect_refused(clip_path("audio_only.m4a"), ErrorKind::kInput,
                 "holds no video; its streams are 0: audio aac");
}

TEST(MediaSource, Mp4WithoutItsIndex) {
  TempDir dir;
  const std::string bytes = file_bytes(clip_path("plain.mp4"));  // index at the end
  const std::size_t index = bytes.find("moov");
  ASSERT_GT(index, bytes.find("mdat"));
  for (const std::size_t kept : {index - 4, index / 2, std::size_t{60}}) {
    write_bytes(dir / "cut.mp4", bytes.substr(0, kept));
    expect_refused(dir / "cut.mp4", ErrorKind::kInput, "without its index");
  }
}

TEST(MediaSource, FilesCutBeforeTheirFirstFrameSaySo) {
  // The index stands in front and is cut: FFmpeg opens what is left and finds no stream, or says
  // that the file ended.
  TempDir dir;
  const auto writer = VideoWriter::open(dir / "whole.mp4", 32, 32, {});
  for (int64_t t = 0; t < 5; ++t) writer->write(testing::pattern_frame(t, 32, 32));
  writer->close();
  const std::string bytes = file_bytes(dir / "whole.mp4");
  const std::size_t index = bytes.find("moov");
  ASSERT_LT(index, bytes.find("mdat"));
  for (const std::size_t kept : {index + 4, index + 40, index + 150, index + 400}) {
    write_bytes(dir / "cut.mp4", bytes.substr(0, kept));
    expect_refused(dir / "cut.mp4", ErrorKind::kInput, "it was probably cut off: its 'moov' box");
    expect_refused(dir / "cut.mp4", ErrorKind::kInput, "copy or record it again");
  }
}

TEST(MediaSource, PlaylistsAreRefusedWhateverTheirName) {
  TempDir dir;
  const std::string target = clip_path("transport.ts");
  write_bytes(dir / "hls.mp4",
              "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-VERSION:3\n#EXTINF:0.8,\n" + target +
                  "\n#EXT-X-ENDLIST\n");
  expect_refused(dir / "hls.mp4", ErrorKind::kInput, "playlists");
  write_bytes(dir / "concat.mp4", "ffconcat version 1.0\nfile '" + clip_path("plain.mp4") + "'\n");
  expect_refused(dir / "concat.mp4", ErrorKind::kInput, "playlists");
  write_bytes(dir / "list.m3u8", "#EXTM3U\n#EXTINF:0.8,\n" + target + "\n#EXT-X-ENDLIST\n");
  expect_refused(dir / "list.m3u8", ErrorKind::kInput, "playlists");
  write_bytes(
      dir / "dash.mp4",
      "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\"></MPD>");
  expect_refused(dir / "dash.mp4", ErrorKind::kInput, "playlists");
}

TEST(MediaSource, NetworkAddressesAreFileNames) {
  expect_refused("http://127.0.0.1:9/clip.mp4", ErrorKind::kInput, "does not exist");
  expect_refused("concat:" + clip_path("plain.mp4"), ErrorKind::kInput, "does not exist");
}

TEST(MediaSource, AwkwardNamesOpen) {
  TempDir dir;
  for (const std::string name : {"two words.mp4", "a:b%d.mp4", "vidéo-видео.mp4", "file:.mp4"}) {
    write_bytes(dir / name, file_bytes(clip_path("plain.mp4")));
    EXPECT_EQ(VideoReader::open(dir / name)->info().frame_count, 5) << name;
  }
}

TEST(MediaSource, StillImageIsNotAVideo) {
  TempDir dir;
  write_bytes(dir / "still.png", encode_png(testing::pattern_frame(0, 20, 20)));
  expect_refused(dir / "still.png", ErrorKind::kInput, "not a video file");
}

TEST(MediaSource, GiantPicturesAreRefusedBeforeMemoryIsTaken) {
  TempDir dir;
  std::string bytes = file_bytes(clip_path("plain.mp4"));
  const std::size_t entry = bytes.find("avc1", bytes.find("stsd"));
  ASSERT_NE(entry, std::string::npos);
  // Width and height of the sample entry: 24 bytes after its type.
  for (const std::size_t at : {entry + 28, entry + 30}) {
    bytes[at] = '\xFF';
    bytes[at + 1] = '\xFE';
  }
  write_bytes(dir / "giant.mp4", bytes);
  expect_refused(dir / "giant.mp4", ErrorKind::kResource, "65534x65534");
}

TEST(MediaSource, LimitsAreOptions) {
  VideoOptions options;
  options.max_pixels = 64 * 48 - 1;
  EXPECT_EQ(error_of([&] { VideoReader::open(clip_path("plain.mp4"), options); }).kind(),
            ErrorKind::kResource);
  options.max_pixels = 64 * 48;
  EXPECT_NO_THROW(VideoReader::open(clip_path("plain.mp4"), options));
  options.max_frames = 4;
  EXPECT_EQ(error_of([&] { VideoReader::open(clip_path("plain.mp4"), options); }).kind(),
            ErrorKind::kResource);
  options.max_frames = 5;
  options.max_bytes = 3 * 64 * 48 * 3;
  const auto reader = VideoReader::open(clip_path("plain.mp4"), options);
  EXPECT_NO_THROW(reader->read({0, 1, 2}));
  EXPECT_EQ(error_of([&] { reader->read({0, 1, 2, 3}); }).kind(), ErrorKind::kResource);
}

TEST(MediaSource, OptionsAreValidated) {
  const auto refused = [](const std::function<void(VideoOptions&)>& change) {
    VideoOptions options;
    change(options);
    return error_of([&] { options.validate(); }).kind();
  };
  EXPECT_EQ(refused([](VideoOptions& o) { o.stream_index = -2; }), ErrorKind::kUsage);
  EXPECT_EQ(refused([](VideoOptions& o) { o.decode_threads = 0; }), ErrorKind::kUsage);
  EXPECT_EQ(refused([](VideoOptions& o) { o.max_pixels = 0; }), ErrorKind::kUsage);
  EXPECT_EQ(refused([](VideoOptions& o) { o.max_frames = -5; }), ErrorKind::kUsage);
  EXPECT_EQ(refused([](VideoOptions& o) { o.max_bytes = 0; }), ErrorKind::kUsage);
  EXPECT_EQ(refused([](VideoOptions& o) { o.image_sequence_fps = 0.0; }), ErrorKind::kUsage);
  EXPECT_EQ(refused([](VideoOptions& o) { o.start_seconds = NAN; }), ErrorKind::kUsage);
}

}  // namespace
}  // namespace physprobe
