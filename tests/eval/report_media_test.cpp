#include "physprobe/eval/report_media.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/video/video_reader.h"
#include "physprobe/video/video_writer.h"

#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <numeric>

namespace physprobe {
namespace {

using testing::TempDir;

std::vector<int64_t> counted(int64_t n) {
  std::vector<int64_t> indices(static_cast<std::size_t>(n));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

/// A frame of one grey that tells its index.
at::Tensor frame(int64_t index, int64_t height, int64_t width) {
  return at::full({height, width, 3}, 4 * index, at::kByte);
}

nlohmann::ordered_json write_media(
    int64_t n, int64_t height, int64_t width, const std::string& folder, bool with_clip = true) {
  ReportMedia media(counted(n), 12, with_clip);
  for (int64_t i = 0; i < n; ++i)
    media.add(i, static_cast<double>(i) / 24.0, frame(i, height, width));
  return media.write(folder, "ab/abcd", "media/");
}

TEST(ReportMedia, StripHoldsTwelveFramesEvenlyChosenWithBothEnds) {
  TempDir folder;
  const auto media = write_media(56, 48, 96, folder.path());
  EXPECT_EQ(media.at("strip"), "media/ab/abcd.jpg");
  EXPECT_EQ(media.at("strip_frames"), 12);
  const auto indices = media.at("strip_indices").get<std::vector<int64_t>>();
  EXPECT_EQ(indices, (std::vector<int64_t>{0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55}));
  const at::Tensor strip = read_image(folder / "ab/abcd.jpg");
  EXPECT_EQ(strip.size(0), 96);
  ASSERT_EQ(strip.size(1), 12 * 192);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const int64_t centre = 192 * static_cast<int64_t>(i) + 96;
    // JPEG at quality 80 moves a flat grey by at most two levels.
    EXPECT_NEAR(strip[48][centre][0].item<int>(), static_cast<int>(4 * indices[i]), 2) << i;
  }
}

TEST(ReportMedia, VeryWideAndVeryTallFramesAreSqueezedOnTheStrip) {
  TempDir wide;
  write_media(2, 16, 160, wide.path());
  EXPECT_EQ(read_image(wide / "ab/abcd.jpg").size(1), 2 * 3 * 96);
  TempDir tall;
  write_media(2, 160, 16, tall.path());
  EXPECT_EQ(read_image(tall / "ab/abcd.jpg").size(1), 2 * 96 / 3);
}

TEST(ReportMedia, ClipIsSmallAndAsLongAsWhatWasSampled) {
  TempDir folder;
  const auto media = write_media(60, 360, 640, folder.path());
  const std::string name = media.at("clip").get<std::string>().substr(6);
  const auto reader = VideoReader::open(folder.path() + "/" + name);
  EXPECT_EQ(reader->info().frame_count, 48) << "at most 48 of the sampled frames";
  EXPECT_EQ(reader->info().height, 144);
  EXPECT_EQ(reader->info().width, 256);
  // 59 frames of 1/24 s lie between the first and the last; the rate is written to a thousandth.
  const auto& pts = reader->info().pts_seconds;
  EXPECT_NEAR(pts.back() - pts.front(), 59.0 / 24.0, 0.002);
}

TEST(ReportMedia, NoClipOfOneFrameOrWhenNotAskedFor) {
  TempDir folder;
  EXPECT_FALSE(write_media(1, 48, 48, folder.path()).contains("clip"));
  EXPECT_FALSE(write_media(5, 48, 48, folder.path(), false).contains("clip"));
  EXPECT_FALSE(std::filesystem::exists(folder / "ab/abcd.mp4"));
}

TEST(ReportMedia, SmallFramesAreNotEnlargedInTheClipAndOddOnesMadeEven) {
  TempDir folder;
  const auto media = write_media(4, 33, 51, folder.path());
  const std::string name = media.at("clip").get<std::string>().substr(6);
  const auto reader = VideoReader::open(folder.path() + "/" + name);
  EXPECT_EQ(reader->info().height, 34);
  EXPECT_EQ(reader->info().width, 52);
}

TEST(ReportMedia, EqualFramesGiveEqualBytes) {
  TempDir first;
  TempDir second;
  const auto media = write_media(30, 120, 160, first.path());
  write_media(30, 120, 160, second.path());
  for (const char* key : {"strip", "clip"}) {
    const std::string name = media.at(key).get<std::string>().substr(6);
    EXPECT_EQ(read_file(first / name), read_file(second / name)) << name;
  }
}

}  // namespace
}  // namespace physprobe
