#include "physprobe/video/sampling.h"

#include "physprobe/core/error.h"

#include "support/golden.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "core/error_kind.h"

namespace physprobe {
namespace {

using testing::kind_of;

nlohmann::json read_json(const std::string& relative) {
  std::ifstream file(testing::golden_path(relative));
  return nlohmann::json::parse(file);
}

/// Frame i covers [begin + i / fps, begin + (i + 1) / fps).
VideoInfo ideal_video(int64_t count, double fps, double begin_seconds = 0.0) {
  VideoInfo info;
  info.path = "ideal";
  info.frame_count = count;
  info.fps = fps;
  for (int64_t i = 0; i < count; ++i) {
    info.pts_seconds.push_back(begin_seconds + static_cast<double>(i) / fps);
    info.duration_seconds.push_back(1.0 / fps);
  }
  info.begin_seconds = begin_seconds;
  info.end_seconds = begin_seconds + static_cast<double>(count) / fps;
  return info;
}

TEST(Sampling, RestravMatchesEveryGoldenCase) {
  const nlohmann::json cases = read_json("straightening/sampler.json");
  ASSERT_EQ(cases.size(), 16U);
  for (const nlohmann::json& one : cases) {
    const VideoInfo info =
        ideal_video(one.at("n_frames"), one.at("fps"), one.at("begin_s").get<double>());
    SCOPED_TRACE(one.at("n_frames").dump() + " frames at " + one.at("fps").dump());
    const SampledFrames sampled = sample_restrav(info);
    // Exact: indices and float32 times are the published scheme.
    EXPECT_EQ(sampled.indices, one.at("indices").get<std::vector<int64_t>>());
    EXPECT_EQ(sampled.times_seconds, one.at("times").get<std::vector<double>>());
    EXPECT_EQ(sampled.n_distinct, one.at("distinct").get<int64_t>());
  }
}

TEST(Sampling, RestravMatchesGoldenVideosFromTheirTimeStamps) {
  const nlohmann::json videos = read_json("straightening/videos.json");
  for (const auto& [name, one] : videos.items()) {
    SCOPED_TRACE(name);
    VideoInfo info;
    info.path = name;
    const std::string base = one.at("time_base");
    const double denominator = std::stod(base.substr(base.find('/') + 1));
    for (const int64_t pts : one.at("pts").get<std::vector<int64_t>>()) {
      info.pts_seconds.push_back(static_cast<double>(pts) / denominator);
    }
    info.frame_count = static_cast<int64_t>(info.pts_seconds.size());
    info.begin_seconds = one.at("begin_s");
    info.end_seconds = one.at("end_s");
    const SampledFrames sampled = sample_restrav(info);
    EXPECT_EQ(sampled.indices, one.at("frame_indices").get<std::vector<int64_t>>());
    EXPECT_EQ(sampled.times_seconds, one.at("sample_times_s").get<std::vector<double>>());
    EXPECT_EQ(sampled.n_distinct, one.at("distinct_frames").get<int64_t>());
  }
}

TEST(Sampling, RestravRefusesAWindowOutsideTheStream) {
  // 1 s of video that starts at 5 s: the window would start at 0.
  EXPECT_EQ(kind_of([] { sample_restrav(ideal_video(25, 25, 5.0)); }), ErrorKind::kInput);
  VideoInfo still = ideal_video(1, 25);
  still.end_seconds = still.begin_seconds;
  EXPECT_EQ(kind_of([&] { sample_restrav(still); }), ErrorKind::kInput);
}

TEST(Sampling, AllTakesEveryFrameOnce) {
  const SampledFrames sampled = sample_all(ideal_video(4, 10));
  EXPECT_EQ(sampled.indices, (std::vector<int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(sampled.n_distinct, 4);
  EXPECT_DOUBLE_EQ(sampled.times_seconds.at(3), 0.3);
}

TEST(Sampling, UniformRoundsHalfToEven) {
  EXPECT_EQ(sample_uniform(ideal_video(10, 25), 4).indices, (std::vector<int64_t>{0, 3, 6, 9}));
  // i * 5 / 2: 0, 2.5 -> 2, 5;  i * 3 / 2: 0, 1.5 -> 2, 3
  EXPECT_EQ(sample_uniform(ideal_video(6, 25), 3).indices, (std::vector<int64_t>{0, 2, 5}));
  EXPECT_EQ(sample_uniform(ideal_video(4, 25), 3).indices, (std::vector<int64_t>{0, 2, 3}));
  EXPECT_EQ(sample_uniform(ideal_video(5, 25), 1).indices, (std::vector<int64_t>{2}));
  const SampledFrames repeated = sample_uniform(ideal_video(2, 25), 5);
  EXPECT_EQ(repeated.indices, (std::vector<int64_t>{0, 0, 0, 1, 1}));
  EXPECT_EQ(repeated.n_distinct, 2);
}

TEST(Sampling, FpsTakesTheFrameOnScreen) {
  // 10 fps from a 25 fps video: 0, 0.1, 0.2 … -> frames 0, 2, 5, 7, 10
  EXPECT_EQ(sample_fps(ideal_video(12, 25), 10).indices, (std::vector<int64_t>{0, 2, 5, 7, 10}));
  // More often than the video changes: frames repeat, and say so.
  const SampledFrames dense = sample_fps(ideal_video(3, 10), 20);
  EXPECT_EQ(dense.indices, (std::vector<int64_t>{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(dense.n_distinct, 3);
}

TEST(Sampling, FpsCountsFromTheFirstFrame) {
  EXPECT_EQ(sample_fps(ideal_video(10, 10, 2.0), 5).indices, (std::vector<int64_t>{0, 2, 4, 6, 8}));
}

TEST(Sampling, FpsBeyondReasonIsRefused) {
  EXPECT_EQ(kind_of([] { sample_fps(ideal_video(100, 10), 1e12); }), ErrorKind::kUsage);
}

TEST(Sampling, NativeIsCentredAndNeverPads) {
  EXPECT_EQ(sample_native(ideal_video(10, 25), 4).indices, (std::vector<int64_t>{3, 4, 5, 6}));
  EXPECT_EQ(sample_native(ideal_video(5, 25), 4).indices, (std::vector<int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(kind_of([] { sample_native(ideal_video(3, 25), 4); }), ErrorKind::kInput);
}

TEST(Sampling, FramePlayedAtCountsSuccessorsThatHaveStarted) {
  VideoInfo info = ideal_video(3, 10, 1.0);
  EXPECT_EQ(frame_played_at(info, 0.0), 0);
  EXPECT_EQ(frame_played_at(info, 1.0), 0);
  EXPECT_EQ(frame_played_at(info, 1.1), 1);
  EXPECT_EQ(frame_played_at(info, 1.15), 1);
  EXPECT_EQ(frame_played_at(info, 99.0), 2);
}

TEST(Sampling, EmptyVideosAreRefusedByEveryScheme) {
  for (const std::string scheme : {"all", "uniform", "fps", "restrav", "native"}) {
    SamplingSpec spec;
    spec.scheme = scheme;
    spec.fps = 5;
    EXPECT_EQ(kind_of([&] { sample_frames(VideoInfo{}, spec); }), ErrorKind::kInput) << scheme;
  }
}

TEST(Sampling, SpecNamesUnknownSchemesAndRanges) {
  SamplingSpec spec;
  spec.scheme = "every other";
  EXPECT_EQ(kind_of([&] { spec.validate(); }), ErrorKind::kUsage);
  spec.scheme = "restrav";
  spec.n = 1;
  EXPECT_EQ(kind_of([&] { spec.validate(); }), ErrorKind::kUsage);
  spec.scheme = "fps";
  spec.fps = 0;
  EXPECT_EQ(kind_of([&] { spec.validate(); }), ErrorKind::kUsage);
}

TEST(Sampling, CanonicalTextNamesOnlyWhatTheSchemeUses) {
  SamplingSpec a;
  a.scheme = "native";
  a.n = 8;
  SamplingSpec b = a;
  b.fps = 12;
  b.window_seconds = 9;
  EXPECT_EQ(a.canonical(), b.canonical());
  b.n = 9;
  EXPECT_NE(a.canonical(), b.canonical());
  a.scheme = b.scheme = "restrav";
  a.n = b.n;
  EXPECT_NE(a.canonical(), b.canonical());  // the window counts here
  b.window_seconds = a.window_seconds;
  EXPECT_EQ(a.canonical(), b.canonical());
}

}  // namespace
}  // namespace physprobe
