// Files of the wild, where they lie beside the project.
#include "physprobe/core/safetensors.h"
#include "physprobe/video/video_reader.h"

#include "support/golden.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "video/video_fixtures.h"

namespace physprobe {
namespace {

using testing::error_of;
using testing::sequential_frames;

class MediaFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::beside_project("media").exists)
      GTEST_SKIP() << "media are not beside the project";
  }
  static std::string path(const std::string& name) {
    return testing::beside_project("media/" + name).path;
  }
};

TEST_F(MediaFiles, NasaFramesAreWithinTwoLevels) {
  const auto expected = read_safetensors(path("nasa_13013.frames.safetensors"));
  const auto reader = VideoReader::open(path("nasa_13013.mp4"));
  EXPECT_EQ(reader->info().frame_count, 325);
  EXPECT_EQ(reader->info().width, 320);
  const Clip clip = reader->read({0, 15, 30});
  const std::vector<std::string> names = {"000000", "000015", "000030"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const at::Tensor difference = clip.frames[static_cast<int64_t>(i)].to(at::kInt) -
                                  expected.at("stream0.frame" + names[i]).to(at::kInt);
    // 2 levels: the frames were decoded with another conversion path of the same library.
    EXPECT_LE(difference.abs().max().item<int>(), 2) << names[i];
  }
  VideoOptions second;
  second.stream_index = 3;
  const VideoInfo info = VideoReader::open(path("nasa_13013.mp4"), second)->info();
  EXPECT_EQ(info.frame_count, 390);
  EXPECT_EQ(info.width, 480);
}

TEST_F(MediaFiles, OtherCodecsDecode) {
  const auto ten_bit = VideoReader::open(path("h264_10bits.mp4"));
  EXPECT_EQ(ten_bit->info().bit_depth, 10);
  EXPECT_EQ(ten_bit->info().width, 200);
  EXPECT_FALSE(sequential_frames(*ten_bit).empty());
  const auto hevc = VideoReader::open(path("h265_video.mp4"));
  EXPECT_EQ(hevc->info().codec, "hevc");
  EXPECT_FALSE(sequential_frames(*hevc).empty());
  const auto av1 = VideoReader::open(path("av1_video.mkv"));
  EXPECT_EQ(av1->info().codec, "av1");
  EXPECT_EQ(av1->info().width, 640);
  EXPECT_FALSE(sequential_frames(*av1).empty());
}

TEST_F(MediaFiles, RotatedIsUpright) {
  const auto reader = VideoReader::open(path("rotated_90.mov"));
  EXPECT_EQ(reader->info().width, 320);
  EXPECT_EQ(reader->info().height, 568);
  EXPECT_EQ(reader->read({0}).frames.sizes(), (std::vector<int64_t>{1, 568, 320, 3}));
}

TEST_F(MediaFiles, UnorderedPacketsComeInOrderOfPresentation) {
  const auto reader = VideoReader::open(path("unordered.mov"));
  EXPECT_EQ(reader->info().frame_count, 4);
  EXPECT_TRUE(std::is_sorted(reader->info().pts_seconds.begin(), reader->info().pts_seconds.end()));
  const std::vector<at::Tensor> frames = sequential_frames(*reader);
  for (int64_t i = 3; i >= 0; --i) {
    EXPECT_TRUE(at::equal(reader->read({i}).frames[0], frames[static_cast<std::size_t>(i)])) << i;
  }
}

TEST_F(MediaFiles, CorruptedIsNamedOrFlaggedAndNeverHangs) {
  const Error error = error_of([&] {
    const auto reader = VideoReader::open(path("corrupted.mp4"));
    sequential_frames(*reader);
  });
  EXPECT_EQ(error.kind(), ErrorKind::kInput) << error.what();
  VideoOptions tolerant;
  tolerant.allow_truncated = true;
  try {
    const auto reader = VideoReader::open(path("corrupted.mp4"), tolerant);
    EXPECT_FALSE(reader->info().damage.empty());
    EXPECT_EQ(static_cast<int64_t>(sequential_frames(*reader).size()), reader->info().frame_count);
  } catch (const Error& hopeless) {
    EXPECT_EQ(hopeless.kind(), ErrorKind::kInput) << hopeless.what();
  }
}

TEST_F(MediaFiles, DetectionClipsAreSoundAndExact) {
  for (const std::string name :
       {"detection/real/MSVD_9930.mp4", "detection/generated/VideoCrafter2_26490.mp4"}) {
    const auto reader = VideoReader::open(path(name));
    EXPECT_NEAR(reader->info().fps, 8.0, 0.01) << name;
    const std::vector<at::Tensor> frames = sequential_frames(*reader);
    for (auto i = static_cast<int64_t>(frames.size()) - 1; i >= 0; i -= 5) {
      EXPECT_TRUE(at::equal(reader->read({i}).frames[0], frames[static_cast<std::size_t>(i)]))
          << name << " " << i;
    }
  }
}

}  // namespace
}  // namespace physprobe
