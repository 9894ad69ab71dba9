#include "physprobe/video/video_reader.h"

#include "physprobe/core/hashing.h"
#include "physprobe/core/parallel.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/video/sampling.h"

#include "support/golden.h"
#include "support/temp_dir.h"
#include "support/tensor_near.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/rot90.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

#include "video/video_fixtures.h"

namespace physprobe {
namespace {

using testing::all_indices;
using testing::clip_path;
using testing::error_of;
using testing::golden_path;
using testing::sequential_frames;

const std::vector<std::string>& sound_clips() {
  static const std::vector<std::string> names = {
      "av1.mkv",         "b_frames.avi",      "bt709.mp4",       "cover_art.mp4",
      "edit_list.mp4",   "fragmented.mp4",    "full_range.mp4",  "hevc.mp4",
      "interlaced.mp4",  "intra_refresh.mp4", "long.mp4",        "no_times.h264",
      "odd_420.webm",    "odd_444.mp4",       "one_frame.mp4",   "one_keyframe.mp4",
      "open_gop.mp4",    "plain.mp4",         "rotated_90.mp4",  "start_offset.mkv",
      "ten_bit.mp4",     "transport.ts",      "two_streams.mkv", "vfr.mkv",
      "vp8_hidden.webm", "vp9.webm",          "wide_130.mp4"};
  return names;
}

/// Frames visited far apart, backwards and twice, must be those of one pass.
void expect_random_access_equals_sequential(const std::string& path,
                                            const VideoOptions& options = {}) {
  const auto sequential = VideoReader::open(path, options);
  const std::vector<at::Tensor> frames = sequential_frames(*sequential);
  ASSERT_EQ(static_cast<int64_t>(frames.size()), sequential->info().frame_count);
  const auto n = static_cast<int64_t>(frames.size());
  const auto random = VideoReader::open(path, options);
  for (int64_t i = n - 1; i >= 0; --i) {
    const Clip clip = random->read({i});
    ASSERT_TRUE(at::equal(clip.frames[0], frames[static_cast<std::size_t>(i)])) << "frame " << i;
  }
  uint64_t state = 99;
  for (int k = 0; k < 20; ++k) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    const auto i = static_cast<int64_t>((state >> 33) % static_cast<uint64_t>(n));
    const int64_t j = (i * 7 + 3) % n;
    const Clip clip = random->read({i, j, i});
    ASSERT_TRUE(at::equal(clip.frames[0], frames[static_cast<std::size_t>(i)])) << "frame " << i;
    ASSERT_TRUE(at::equal(clip.frames[1], frames[static_cast<std::size_t>(j)])) << "frame " << j;
    ASSERT_TRUE(at::equal(clip.frames[2], frames[static_cast<std::size_t>(i)])) << "frame " << i;
  }
}

class SoundClip : public ::testing::TestWithParam<std::string> {};

TEST_P(SoundClip, RandomAccessEqualsSequential) {
  expect_random_access_equals_sequential(clip_path(GetParam()));
}

TEST_P(SoundClip, IsSoundAndItsTimesAscend) {
  const auto reader = VideoReader::open(clip_path(GetParam()));
  const VideoInfo& info = reader->info();
  EXPECT_TRUE(info.damage.empty());
  ASSERT_EQ(static_cast<int64_t>(info.pts_seconds.size()), info.frame_count);
  ASSERT_EQ(static_cast<int64_t>(info.duration_seconds.size()), info.frame_count);
  EXPECT_TRUE(
      std::is_sorted(info.pts_seconds.begin(), info.pts_seconds.end(), std::less_equal<>()));
  EXPECT_EQ(info.begin_seconds, info.pts_seconds.front());
  EXPECT_GE(info.end_seconds, info.pts_seconds.back());
}

TEST_P(SoundClip, DecodeThreadsChangeNothing) {
  VideoOptions threaded;
  threaded.decode_threads = 3;
  const std::vector<at::Tensor> one = sequential_frames(*VideoReader::open(clip_path(GetParam())));
  const std::vector<at::Tensor> three =
      sequential_frames(*VideoReader::open(clip_path(GetParam()), threaded));
  ASSERT_EQ(one.size(), three.size());
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(at::equal(one[i], three[i])) << i;
}

std::string parameter_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(VideoReader,
                         SoundClip,
                         ::testing::ValuesIn(sound_clips()),
                         parameter_name);

class GoldenVideo : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenVideo, RandomAccessEqualsSequential) {
  expect_random_access_equals_sequential(
      golden_path("straightening/videos/" + GetParam() + ".mp4"));
}

TEST_P(GoldenVideo, TimesAndSampledFramesMatchTheReference) {
  std::ifstream file(golden_path("straightening/videos.json"));
  const nlohmann::json expected = nlohmann::json::parse(file).at(GetParam());
  const auto tensors = read_safetensors(golden_path("straightening/videos.safetensors"));
  const auto reader = VideoReader::open(golden_path("straightening/videos/" + GetParam() + ".mp4"));
  const VideoInfo& info = reader->info();
  EXPECT_EQ(info.frame_count, expected.at("n_frames").get<int64_t>());
  EXPECT_EQ(info.width, expected.at("width").get<int64_t>());
  EXPECT_EQ(info.height, expected.at("height").get<int64_t>());
  EXPECT_NEAR(info.begin_seconds, expected.at("begin_s").get<double>(), 1e-9);
  EXPECT_NEAR(info.end_seconds, expected.at("end_s").get<double>(), 1e-9);
  const SampledFrames sampled = sample_restrav(info);
  EXPECT_EQ(sampled.indices, expected.at("frame_indices").get<std::vector<int64_t>>());

  const Clip clip = reader->read(sampled.indices);
  // 1e-9: means of exact bytes in double (golden/straightening).
  const at::Tensor means = clip.frames.to(at::kDouble).mean({1, 2});
  EXPECT_TRUE(testing::tensor_near(means, tensors.at(GetParam() + ".frame_mean_rgb"), 1e-9));
  const auto decoded = tensors.find(GetParam() + ".decoded_rgb");
  if (decoded != tensors.end()) {
    EXPECT_TRUE(at::equal(
        clip.frames, decoded->second));  // exact: the conversion's flags are part of the scheme
  }
}

INSTANTIATE_TEST_SUITE_P(VideoReader,
                         GoldenVideo,
                         ::testing::Values("a_translate_30fps_3s",
                                           "b_bounce_24fps_5s",
                                           "c_jitter_8fps_2s",
                                           "d_short_25fps_0p72s",
                                           "e_fade_ntsc_2p5s",
                                           "f_single_frame",
                                           "g_cut_10fps_1p6s"));

TEST(VideoReader, VariableRateIsSeen) {
  const VideoInfo vfr = VideoReader::open(clip_path("vfr.mkv"))->info();
  EXPECT_TRUE(vfr.is_variable_rate);
  EXPECT_EQ(vfr.frame_count, 20);
  // Frame n was stamped (n + n^2 / 16) / 25 s, rounded down to whole 25ths; Matroska keeps
  // milliseconds, hence half of one.
  for (int n = 0; n < 20; ++n) {
    EXPECT_NEAR(vfr.pts_seconds.at(static_cast<std::size_t>(n)),
                std::floor(n + n * n / 16.0) / 25.0, 5e-4)
        << n;
  }
  EXPECT_FALSE(VideoReader::open(clip_path("start_offset.mkv"))->info().is_variable_rate);
  EXPECT_FALSE(VideoReader::open(clip_path("plain.mp4"))->info().is_variable_rate);
}

TEST(VideoReader, StartTimeIsKept) {
  const VideoInfo info = VideoReader::open(clip_path("start_offset.mkv"))->info();
  EXPECT_NEAR(info.begin_seconds, 1.5, 1e-9);
  EXPECT_NEAR(info.end_seconds, 2.3, 1e-9);
  EXPECT_NEAR(info.fps, 25.0, 1e-9);
}

TEST(VideoReader, EditListHidesFramesThatAreOnlyDecoded) {
  const auto whole = VideoReader::open(clip_path("long.mp4"));
  const auto cut = VideoReader::open(clip_path("edit_list.mp4"));
  EXPECT_EQ(whole->info().frame_count, 30);
  ASSERT_EQ(cut->info().frame_count, 16);
  EXPECT_EQ(cut->info().header_frame_count, 20);
  const std::vector<at::Tensor> all = sequential_frames(*whole);
  const std::vector<at::Tensor> kept = sequential_frames(*cut);
  for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_TRUE(at::equal(kept[i], all[i + 14])) << i;
}

TEST(VideoReader, HiddenReferenceFramesAreNotCounted) {
  EXPECT_EQ(VideoReader::open(clip_path("vp8_hidden.webm"))->info().frame_count, 40);
  EXPECT_EQ(VideoReader::open(clip_path("vp9.webm"))->info().frame_count, 40);
}

TEST(VideoReader, MissingTimesAreMadeFromTheNominalRate) {
  const VideoInfo info = VideoReader::open(clip_path("no_times.h264"))->info();
  EXPECT_EQ(info.frame_count, 20);
  EXPECT_NEAR(info.pts_seconds.at(19), 19 / 25.0, 1e-6);
  EXPECT_NEAR(info.end_seconds, 20 / 25.0, 1e-6);
}

TEST(VideoReader, BasicsOfEachCodecAreReported) {
  struct Expected {
    const char* name;
    const char* codec;
    int64_t width;
    int64_t height;
    int bit_depth;
    int64_t frame_count;
  };
  for (const Expected& e : std::vector<Expected>{{"plain.mp4", "h264", 64, 48, 8, 5},
                                                 {"hevc.mp4", "hevc", 64, 48, 8, 20},
                                                 {"av1.mkv", "av1", 64, 48, 8, 20},
                                                 {"b_frames.avi", "mpeg4", 64, 48, 8, 20},
                                                 {"ten_bit.mp4", "h264", 64, 48, 10, 20},
                                                 {"odd_444.mp4", "h264", 51, 37, 8, 10},
                                                 {"odd_420.webm", "vp8", 51, 37, 8, 10},
                                                 {"one_frame.mp4", "h264", 64, 48, 8, 1}}) {
    SCOPED_TRACE(e.name);
    const auto reader = VideoReader::open(clip_path(e.name));
    const VideoInfo& info = reader->info();
    EXPECT_EQ(info.codec, e.codec);
    EXPECT_EQ(info.width, e.width);
    EXPECT_EQ(info.height, e.height);
    EXPECT_EQ(info.bit_depth, e.bit_depth);
    EXPECT_EQ(info.frame_count, e.frame_count);
    EXPECT_EQ(reader->read({0}).frames.sizes(), (std::vector<int64_t>{1, e.height, e.width, 3}));
  }
}

TEST(VideoReader, RotatedRecordingsAreShownUpright) {
  const at::Tensor stored = VideoReader::open(clip_path("plain.mp4"))->read({2}).frames[0];
  const std::vector<std::pair<int, int64_t>> turns = {{90, -1}, {180, 2}, {270, 1}};
  for (const auto& [degrees, quarter_turns] : turns) {
    SCOPED_TRACE(degrees);
    const std::string path = clip_path("rotated_" + std::to_string(degrees) + ".mp4");
    const auto reader = VideoReader::open(path);
    EXPECT_EQ(reader->info().rotation_degrees, degrees);
    EXPECT_EQ(reader->info().width, degrees == 180 ? 64 : 48);
    EXPECT_EQ(reader->info().height, degrees == 180 ? 48 : 64);
    EXPECT_TRUE(at::equal(reader->read({2}).frames[0], at::rot90(stored, quarter_turns, {0, 1})));
    VideoOptions as_stored;
    as_stored.apply_rotation = false;
    EXPECT_TRUE(at::equal(VideoReader::open(path, as_stored)->read({2}).frames[0], stored));
  }
}

TEST(VideoReader, CoverArtIsNotTheVideo) {
  const VideoInfo info = VideoReader::open(clip_path("cover_art.mp4"))->info();
  EXPECT_EQ(info.codec, "h264");
  EXPECT_EQ(info.frame_count, 5);
}

TEST(VideoReader, AnyVideoStreamCanBeChosen) {
  const std::string path = clip_path("two_streams.mkv");
  EXPECT_EQ(VideoReader::open(path)->info().width, 64);
  VideoOptions second;
  second.stream_index = 1;
  EXPECT_EQ(VideoReader::open(path, second)->info().width, 96);
  EXPECT_EQ(VideoReader::open(path, second)->info().frame_count, 4);
  expect_random_access_equals_sequential(path, second);
  VideoOptions audio;
  audio.stream_index = 2;
  const Error error = error_of([&] { VideoReader::open(path, audio); });
  EXPECT_EQ(error.kind(), ErrorKind::kInput);
  EXPECT_NE(error.message().find("2: audio aac"), std::string::npos) << error.message();
  VideoOptions absent;
  absent.stream_index = 7;
  EXPECT_EQ(error_of([&] { VideoReader::open(path, absent); }).kind(), ErrorKind::kInput);
}

TEST(VideoReader, PlayedAtFollowsTheHalfOpenIntervals) {
  const auto reader = VideoReader::open(clip_path("vfr.mkv"));
  const VideoInfo& info = reader->info();
  std::vector<double> times;
  std::vector<int64_t> expected;
  for (int64_t i = 0; i < info.frame_count; ++i) {
    times.push_back(info.pts_seconds[static_cast<std::size_t>(i)]);
    expected.push_back(i);
    if (i > 0) {
      times.push_back(std::nextafter(info.pts_seconds[static_cast<std::size_t>(i)], 0.0));
      expected.push_back(i - 1);
    }
  }
  const Clip clip = reader->read_played_at(times);
  EXPECT_EQ(clip.frame_indices, expected);
  EXPECT_EQ(error_of([&] { reader->read_played_at({-0.001}); }).kind(), ErrorKind::kUsage);
  EXPECT_EQ(error_of([&] { reader->read_played_at({info.end_seconds}); }).kind(),
            ErrorKind::kUsage);
  EXPECT_EQ(error_of([&] { reader->read_played_at({NAN}); }).kind(), ErrorKind::kUsage);
}

TEST(VideoReader, ReadKeepsTheOrderAskedFor) {
  const auto reader = VideoReader::open(clip_path("long.mp4"));
  const Clip clip = reader->read({20, 3, 20, 7});
  EXPECT_EQ(clip.frame_indices, (std::vector<int64_t>{20, 3, 20, 7}));
  EXPECT_EQ(clip.source_id, clip_path("long.mp4"));
  EXPECT_TRUE(at::equal(clip.frames[0], clip.frames[2]));
  EXPECT_TRUE(at::equal(clip.frames[1], reader->read({3}).frames[0]));
  EXPECT_NEAR(clip.pts_seconds.at(0), 20 / 25.0, 1e-9);
  EXPECT_EQ(reader->read({}).frames.size(0), 0);
}

TEST(VideoReader, WrongIndicesAreRefusedBeforeDecoding) {
  const auto reader = VideoReader::open(clip_path("plain.mp4"));
  EXPECT_EQ(error_of([&] { reader->read({5}); }).kind(), ErrorKind::kUsage);
  EXPECT_EQ(error_of([&] { reader->read({-1}); }).kind(), ErrorKind::kUsage);
  const auto ignore = [](int64_t, double, const at::Tensor&) { return true; };
  EXPECT_EQ(error_of([&] { reader->for_each({1, 1}, ignore); }).kind(), ErrorKind::kUsage);
  EXPECT_EQ(error_of([&] { reader->for_each({2, 1}, ignore); }).kind(), ErrorKind::kUsage);
}

TEST(VideoReader, ForEachStopsWhenAskedAndCanGoOn) {
  const auto reader = VideoReader::open(clip_path("long.mp4"));
  int64_t seen = 0;
  reader->for_each(all_indices(*reader),
                   [&](int64_t, double, const at::Tensor&) { return ++seen < 5; });
  EXPECT_EQ(seen, 5);
  EXPECT_TRUE(at::equal(reader->read({4}).frames[0],
                        VideoReader::open(clip_path("long.mp4"))->read({4}).frames[0]));
}

TEST(VideoReader, ForEachReusesItsMemoryUnlessTheFrameIsKept) {
  const auto reader = VideoReader::open(clip_path("long.mp4"));
  std::vector<const void*> addresses;
  reader->for_each(all_indices(*reader), [&](int64_t, double, const at::Tensor& frame) {
    addresses.push_back(frame.data_ptr());
    return true;
  });
  EXPECT_EQ(std::count(addresses.begin(), addresses.end(), addresses.front()), 30);
  at::Tensor kept_view;
  at::Tensor copy;
  reader->for_each({0, 1, 2}, [&](int64_t index, double, const at::Tensor& frame) {
    if (index == 0) {
      kept_view = frame.select(2, 1);
      copy = kept_view.clone();
    }
    return true;
  });
  EXPECT_TRUE(at::equal(kept_view, copy));
}

/// Frames put together from their bands; the number of bands in `bands`.
std::vector<at::Tensor> frames_by_bands(VideoReader& reader, int64_t& bands) {
  std::vector<at::Tensor> frames;
  int64_t rows_so_far = 0;
  bands = 0;
  reader.for_each_band(all_indices(reader), [&](const FrameBand& band) {
    if (band.first_row == 0)
      frames.push_back(at::zeros({reader.info().height, reader.info().width, 3}, at::kByte));
    else
      EXPECT_EQ(band.first_row, rows_so_far);
    EXPECT_EQ(band.first_row % 4, 0);
    EXPECT_EQ(band.index + 1, static_cast<int64_t>(frames.size()));
    const int64_t row_bytes = 3 * reader.info().width;
    for (int64_t y = 0; y < band.rows; ++y)
      std::copy_n(band.rgb + y * band.row_bytes, row_bytes,
                  frames.back().data_ptr<uint8_t>() + (band.first_row + y) * row_bytes);
    rows_so_far = band.first_row + band.rows;
    ++bands;
    return true;
  });
  return frames;
}

TEST(VideoReader, BandsHoldTheBytesOfWholeFrames) {
  testing::TempDir dir;
  // Larger than a band; sides that are no multiples of a codec's blocks, of 4, of a vector.
  testing::write_pattern(dir / "large.mp4", 3, 402, 1002);
  testing::write_pattern(dir / "wide.mp4", 2, 128, 1280);
  std::vector<std::string> paths = {dir / "large.mp4", dir / "wide.mp4"};
  for (const std::string& name : sound_clips()) paths.push_back(clip_path(name));
  for (const std::string& path : paths) {
    const std::vector<at::Tensor> want = sequential_frames(*VideoReader::open(path));
    int64_t bands = 0;
    const std::vector<at::Tensor> got = frames_by_bands(*VideoReader::open(path), bands);
    ASSERT_EQ(got.size(), want.size()) << path;
    for (std::size_t i = 0; i < want.size(); ++i)
      EXPECT_TRUE(at::equal(got[i], want[i])) << path << " frame " << i;
    const bool is_large = path.find(dir.path()) == 0;
    EXPECT_EQ(bands > static_cast<int64_t>(want.size()), is_large) << path;
  }
}

TEST(VideoReader, BandsStopWhenAskedAndGoOn) {
  testing::TempDir dir;
  testing::write_pattern(dir / "large.mp4", 3, 402, 1002);
  const auto reader = VideoReader::open(dir / "large.mp4");
  int64_t seen = 0;
  reader->for_each_band({0, 1}, [&](const FrameBand&) { return ++seen < 2; });
  EXPECT_EQ(seen, 2);
  int64_t bands = 0;
  const std::vector<at::Tensor> frames = frames_by_bands(*reader, bands);
  EXPECT_TRUE(at::equal(frames[2], VideoReader::open(dir / "large.mp4")->read({2}).frames[0]));
  EXPECT_EQ(error_of([&] {
              reader->for_each_band({1, 1}, [](const FrameBand&) { return true; });
            }).kind(),
            ErrorKind::kUsage);
}

TEST(VideoReader, ThreadsWithOwnReadersSeeTheSameBytes) {
  std::vector<std::string> digests(6);
  parallel_for(6, 3, [&](int64_t i) {
    const auto reader = VideoReader::open(clip_path("long.mp4"));
    const Clip clip = reader->read(all_indices(*reader));
    Sha256 digest;
    digest.update(clip.frames.data_ptr(), static_cast<std::size_t>(clip.frames.numel()));
    digests[static_cast<std::size_t>(i)] = digest.hex();
  });
  EXPECT_EQ(std::count(digests.begin(), digests.end(), digests.front()), 6);
}

TEST(VideoReader, WindowIsAVideoOfItsOwn) {
  const auto whole = VideoReader::open(clip_path("long.mp4"));  // 30 frames at 25 fps
  VideoOptions options;
  options.start_seconds = 0.41;  // inside frame 10
  options.stop_seconds = 0.80;   // frame 20 would begin here
  const auto part = VideoReader::open(clip_path("long.mp4"), options);
  const VideoInfo& info = part->info();
  ASSERT_EQ(info.frame_count, 10);
  EXPECT_DOUBLE_EQ(info.begin_seconds, 0.0);
  EXPECT_NEAR(info.end_seconds, 0.39, 1e-9);
  EXPECT_NEAR(info.pts_seconds.at(1), 0.03, 1e-9);
  EXPECT_TRUE(at::equal(part->read({0, 9}).frames, whole->read({10, 19}).frames));
  EXPECT_NO_THROW(sample_restrav(info));
}

TEST(VideoReader, WindowOutsideTheVideoIsRefused) {
  VideoOptions options;
  options.start_seconds = 5.0;
  EXPECT_EQ(error_of([&] { VideoReader::open(clip_path("long.mp4"), options); }).kind(),
            ErrorKind::kInput);
  options.stop_seconds = 4.0;
  EXPECT_EQ(error_of([&] { VideoReader::open(clip_path("long.mp4"), options); }).kind(),
            ErrorKind::kUsage);
}

TEST(VideoReader, ContentDigestIsOfTheBytes) {
  testing::TempDir dir;
  const std::string bytes = testing::file_bytes(clip_path("plain.mp4"));
  testing::write_bytes(dir / "other name.bin", bytes);
  EXPECT_EQ(content_digest(dir / "other name.bin"), content_digest(clip_path("plain.mp4")));
  EXPECT_EQ(content_digest(clip_path("plain.mp4")), sha256_hex(bytes));
  EXPECT_EQ(error_of([&] { content_digest(dir / "absent"); }).kind(), ErrorKind::kInput);
}

}  // namespace
}  // namespace physprobe
