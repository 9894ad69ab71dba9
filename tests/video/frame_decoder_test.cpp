// Damaged files: strict reading names the damage, tolerant reading returns what decodes, nothing
// ever hangs.
#include "physprobe/video/frame_decoder.h"

#include "support/temp_dir.h"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "video/video_fixtures.h"

namespace physprobe {
namespace {

using testing::all_indices;
using testing::clip_path;
using testing::error_of;
using testing::file_bytes;
using testing::sequential_frames;
using testing::TempDir;
using testing::write_bytes;

constexpr int64_t kFrames = 100;

/// A 100-frame H.264 clip in MP4 with its index in front, and in Matroska.
const std::string& long_clip(const std::string& extension) {
  static TempDir dir;
  static const std::string mp4 = [] {
    testing::write_pattern(dir / "clip.mp4", kFrames, 96, 128);
    return dir / "clip.mp4";
  }();
  static const std::string mkv = [] {
    testing::write_pattern(dir / "clip.mkv", kFrames, 96, 128);
    return dir / "clip.mkv";
  }();
  return extension == ".mp4" ? mp4 : mkv;
}

class Truncated : public ::testing::TestWithParam<std::tuple<std::string, int>> {};

TEST_P(Truncated, StrictFailsAndTolerantReturnsWhatDecodes) {
  const auto& [extension, percent] = GetParam();
  TempDir dir;
  const std::string bytes = file_bytes(long_clip(extension));
  const std::string path = dir / ("cut" + extension);
  write_bytes(path, bytes.substr(0, bytes.size() * static_cast<std::size_t>(percent) / 100));

  const Error error = error_of([&] { VideoReader::open(path); });
  EXPECT_EQ(error.kind(), ErrorKind::kInput);
  EXPECT_NE(std::string(error.what()).find("can be decoded"), std::string::npos) << error.what();
  if (extension == ".mp4") {
    EXPECT_NE(std::string(error.what()).find("claims 100 frames"), std::string::npos)
        << error.what();
  }

  VideoOptions tolerant;
  tolerant.allow_truncated = true;
  const auto reader = VideoReader::open(path, tolerant);
  EXPECT_FALSE(reader->info().damage.empty());
  EXPECT_LT(reader->info().frame_count, kFrames);
  EXPECT_GT(reader->info().frame_count, kFrames * percent / 200);
  const std::vector<at::Tensor> frames = sequential_frames(*reader);
  EXPECT_EQ(static_cast<int64_t>(frames.size()), reader->info().frame_count);
  const std::vector<at::Tensor> whole = sequential_frames(*VideoReader::open(long_clip(extension)));
  for (std::size_t i = 0; i + 20 < frames.size(); ++i)
    EXPECT_TRUE(at::equal(frames[i], whole[i])) << i;
  const int64_t last = reader->info().frame_count - 1;
  EXPECT_TRUE(at::equal(reader->read({last, 0}).frames[0], frames.back()));
}

INSTANTIATE_TEST_SUITE_P(FrameDecoder,
                         Truncated,
                         ::testing::Combine(::testing::Values(".mp4", ".mkv"),
                                            ::testing::Values(99, 90, 50, 30)),
                         [](const auto& one) {
                           return std::get<0>(one.param).substr(1) + "_" +
                                  std::to_string(std::get<1>(one.param));
                         });

TEST(FrameDecoder, NothingLeftIsAnErrorEvenWhenTolerant) {
  TempDir dir;
  const std::string bytes = file_bytes(long_clip(".mp4"));
  write_bytes(dir / "cut.mp4", bytes.substr(0, bytes.find("mdat") + 10));
  VideoOptions tolerant;
  tolerant.allow_truncated = true;
  EXPECT_EQ(error_of([&] { VideoReader::open(dir / "cut.mp4", tolerant); }).kind(),
            ErrorKind::kInput);
}

/// 50 bytes of the body changed, from a fixed generator.
std::string with_flipped_bytes(const std::string& bytes, uint64_t seed) {
  std::string changed = bytes;
  const std::size_t begin = bytes.find("mdat") + 4;
  for (int i = 0; i < 50; ++i) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    const std::size_t at = begin + (seed >> 33) % (bytes.size() - begin);
    changed[at] =
        static_cast<char>(static_cast<unsigned char>(changed[at]) ^ (1U + (seed >> 20) % 255));
  }
  return changed;
}

TEST(FrameDecoder, FlippedBytesAreNamedAndNeverConcealed) {
  TempDir dir;
  const std::string bytes = file_bytes(long_clip(".mp4"));
  for (const uint64_t seed : {1, 2, 3}) {
    SCOPED_TRACE(seed);
    const std::string path = dir / "flipped.mp4";
    write_bytes(path, with_flipped_bytes(bytes, seed));
    const Error error = error_of([&] {
      const auto reader = VideoReader::open(path);
      sequential_frames(*reader);
    });
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_NE(error.message().find("100 frames are announced"), std::string::npos) << error.what();

    VideoOptions tolerant;
    tolerant.allow_truncated = true;
    const auto reader = VideoReader::open(path, tolerant);
    EXPECT_FALSE(reader->info().damage.empty());
    const std::vector<at::Tensor> frames = sequential_frames(*reader);
    EXPECT_EQ(static_cast<int64_t>(frames.size()), reader->info().frame_count);
    // Random access into a damaged file still equals sequential decoding.
    const int64_t middle = reader->info().frame_count / 2;
    EXPECT_TRUE(
        at::equal(reader->read({middle}).frames[0], frames[static_cast<std::size_t>(middle)]));
  }
}

TEST(FrameDecoder, StrictReaderCanBeUsedAgainAfterAnError) {
  TempDir dir;
  std::string bytes = file_bytes(long_clip(".mp4"));
  const std::size_t middle = bytes.size() / 2;
  for (std::size_t i = 0; i < 400; ++i) bytes[middle + i] = '\x5A';
  write_bytes(dir / "hole.mp4", bytes);
  const auto reader = VideoReader::open(dir / "hole.mp4");
  EXPECT_EQ(error_of([&] { reader->read({99}); }).kind(), ErrorKind::kInput);
  EXPECT_TRUE(
      at::equal(reader->read({3}).frames, VideoReader::open(long_clip(".mp4"))->read({3}).frames));
  EXPECT_EQ(error_of([&] { reader->read({99}); }).kind(), ErrorKind::kInput);
}

TEST(FrameDecoder, HeaderThatClaimsMoreFramesThanTheFileHoldsIsRefused) {
  TempDir dir;
  std::string bytes = file_bytes(long_clip(".mp4"));
  const std::size_t body = bytes.find("mdat");
  const std::size_t index = bytes.find("moov");
  ASSERT_LT(index, body);
  write_bytes(dir / "claims.mp4", bytes.substr(0, body + (bytes.size() - body) * 6 / 10));
  const Error error = error_of([&] { VideoReader::open(dir / "claims.mp4"); });
  EXPECT_EQ(error.kind(), ErrorKind::kInput);
  EXPECT_NE(error.message().find("header claims 100 frames"), std::string::npos) << error.what();
}

TEST(FrameDecoder, AviHeaderThatClaimsMoreFramesIsRefused) {
  TempDir dir;
  std::string bytes = file_bytes(clip_path("b_frames.avi"));
  // Length of the stream, little-endian: 32 bytes into the content of its header.
  const std::size_t at = bytes.find("strh") + 8 + 32;
  ASSERT_EQ(bytes[at], 20);
  bytes[at] = '\xAF';
  bytes[at + 1] = '\x01';
  write_bytes(dir / "claims.avi", bytes);
  const Error error = error_of([&] { VideoReader::open(dir / "claims.avi"); });
  EXPECT_EQ(error.kind(), ErrorKind::kInput);
  EXPECT_NE(error.message().find("claims 431 frames, 20 are there"), std::string::npos)
      << error.what();
  VideoOptions tolerant;
  tolerant.allow_truncated = true;
  const auto reader = VideoReader::open(dir / "claims.avi", tolerant);
  EXPECT_FALSE(reader->info().damage.empty());
  EXPECT_EQ(sequential_frames(*reader).size(), 20U);
}

/// A raw stream whose first picture is sound, followed by packets that no decoder makes anything
/// of.
std::string stream_without_pictures(int packets) {
  std::string bytes = file_bytes(clip_path("no_times.h264"));
  const std::string garbage("\0\0\0\1\x09\xF0\0\0\0\1\x41\xFF\xFF", 13);  // delimiter, slice
  bytes.reserve(bytes.size() + garbage.size() * static_cast<std::size_t>(packets));
  for (int i = 0; i < packets; ++i) bytes += garbage;
  return bytes;
}

TEST(FrameDecoderSlow, PacketsWithoutPicturesAreGivenUpAfterABoundedNumber) {
  TempDir dir;
  write_bytes(dir / "endless.h264", stream_without_pictures(100'100));
  for (const bool is_tolerant : {false, true}) {
    VideoOptions options;
    options.allow_truncated = is_tolerant;
    const Error error = error_of([&] { VideoReader::open(dir / "endless.h264", options); });
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_NE(error.message().find("no frame for 100000 packets"), std::string::npos)
        << error.what();
  }
}

TEST(FrameDecoder, OverClaimedDurationInMatroskaIsRefused) {
  TempDir dir;
  std::string bytes = file_bytes(clip_path("vfr.mkv"));
  // Duration: element 0x4489 of 8 bytes, a double in milliseconds.
  const std::size_t at = bytes.find("\x44\x89\x88");
  ASSERT_NE(at, std::string::npos);
  const std::string ten_minutes("\x41\x22\x4F\x80\x00\x00\x00\x00", 8);
  bytes.replace(at + 3, 8, ten_minutes);
  write_bytes(dir / "long.mkv", bytes);
  const Error error = error_of([&] { VideoReader::open(dir / "long.mkv"); });
  EXPECT_EQ(error.kind(), ErrorKind::kInput);
  EXPECT_NE(error.message().find("header claims 600.000 s"), std::string::npos) << error.what();
}

TEST(FrameDecoder, SizeChangeIsNamed) {
  const Error error = error_of([] {
    const auto reader = VideoReader::open(clip_path("size_change.ts"));
    sequential_frames(*reader);
  });
  EXPECT_EQ(error.kind(), ErrorKind::kInput);
  EXPECT_NE(error.message().find("96x64"), std::string::npos) << error.what();
  EXPECT_NE(error.message().find("64x48"), std::string::npos) << error.what();
  VideoOptions tolerant;
  tolerant.allow_truncated = true;
  const auto reader = VideoReader::open(clip_path("size_change.ts"), tolerant);
  EXPECT_EQ(reader->info().frame_count, 5);
  EXPECT_EQ(sequential_frames(*reader).size(), 5U);
}

TEST(FrameDecoder, SoundFileIsFoundSoundByFullDecodingToo) {
  VideoOptions tolerant;
  tolerant.allow_truncated = true;
  for (const std::string name :
       {"long.mp4", "hevc.mp4", "vp8_hidden.webm", "edit_list.mp4", "transport.ts"}) {
    const auto reader = VideoReader::open(clip_path(name), tolerant);
    EXPECT_TRUE(reader->info().damage.empty()) << name << ": " << reader->info().damage.front();
  }
}

TEST(FrameDecoder, GarbageAfterEveryPrefixNeverHangs) {
  TempDir dir;
  for (const std::string name :
       {"plain.mp4", "vfr.mkv", "b_frames.avi", "transport.ts", "fragmented.mp4"}) {
    const std::string bytes = file_bytes(clip_path(name));
    for (int eighth = 1; eighth < 8; ++eighth) {
      std::string damaged = bytes;
      uint32_t state = static_cast<uint32_t>(eighth);
      for (std::size_t i = bytes.size() * static_cast<std::size_t>(eighth) / 8; i < bytes.size();
           ++i) {
        state = state * 1664525U + 1013904223U;
        damaged[i] = static_cast<char>(state >> 24);
      }
      write_bytes(dir / name, damaged);
      try {
        const auto reader = VideoReader::open(dir / name);
        sequential_frames(*reader);
      } catch (const Error& error) {
        EXPECT_TRUE(error.kind() == ErrorKind::kInput || error.kind() == ErrorKind::kResource)
            << error.what();
      }
    }
  }
}

/// Resident memory in KiB.
int64_t resident_kib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word == "VmRSS:") {
      int64_t value = 0;
      status >> value;
      return value;
    }
  }
  return 0;
}

/// Growth of resident memory between frame 500 and the last of 10,000, KiB.
int64_t growth_over_all_frames(VideoReader& reader, const std::function<void()>& consume) {
  int64_t early = 0;
  int64_t late = 0;
  reader.for_each(all_indices(reader), [&](int64_t index, double, const at::Tensor&) {
    if (index == 500) early = resident_kib();
    if (index == 9'999) late = resident_kib();
    consume();
    return true;
  });
  EXPECT_GT(early, 0);
  EXPECT_GT(late, 0);
  return late - early;
}

TEST(FrameDecoderSlow, MemoryStaysFlatOverTenThousandFrames) {
  TempDir dir;
  VideoWriterOptions options;
  options.codec = "mpeg4";
  testing::write_pattern(dir / "many.mp4", 10'000, 64, 64, options);
  // 8 MiB: what allocators keep. One frame is 12 KiB; keeping them would take 114 MiB.
  constexpr int64_t kAllowedKib = 8 * 1024;
  const auto reader = VideoReader::open(dir / "many.mp4");
  EXPECT_LT(growth_over_all_frames(*reader, [] {}), kAllowedKib);
  // Decoding threads must not run ahead of a consumer that is slower than they are.
  VideoOptions threaded;
  threaded.decode_threads = 3;
  const auto ahead = VideoReader::open(dir / "many.mp4", threaded);
  EXPECT_LT(growth_over_all_frames(
                *ahead, [] { std::this_thread::sleep_for(std::chrono::microseconds(200)); }),
            kAllowedKib);
}

TEST(FrameDecoder, ReadersCanBeDroppedAtAnyMoment) {
  for (int64_t stop = 0; stop < 12; ++stop) {
    const auto reader = VideoReader::open(clip_path("long.mp4"));
    reader->for_each(all_indices(*reader),
                     [&](int64_t index, double, const at::Tensor&) { return index < stop; });
  }
  VideoOptions threaded;
  threaded.decode_threads = 4;
  for (int64_t stop = 0; stop < 12; ++stop) {
    const auto reader = VideoReader::open(clip_path("long.mp4"), threaded);
    if (stop > 0) reader->read({stop});
  }
}

}  // namespace
}  // namespace physprobe
