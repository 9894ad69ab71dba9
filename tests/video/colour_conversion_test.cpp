// RGB bytes against OpenCV's own reader, the definition that published scores in this field rest
// on.
#include "physprobe/video/colour_conversion.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include "video/video_fixtures.h"

#ifdef PHYSPROBE_TEST_OPENCV_VIDEO
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#endif

namespace physprobe {
namespace {

using testing::clip_path;
using testing::sequential_frames;

#ifdef PHYSPROBE_TEST_OPENCV_VIDEO

std::vector<at::Tensor> opencv_frames(const std::string& path) {
  cv::VideoCapture capture(path, cv::CAP_FFMPEG);
  EXPECT_TRUE(capture.isOpened()) << path;
  std::vector<at::Tensor> frames;
  cv::Mat bgr;
  while (capture.read(bgr)) {
    at::Tensor frame = at::empty({bgr.rows, bgr.cols, 3}, at::kByte);
    cv::Mat rgb(bgr.rows, bgr.cols, CV_8UC3, frame.data_ptr<uint8_t>());
    cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
    frames.push_back(frame);
  }
  return frames;
}

/// Largest difference of any byte; frame counts have to agree.
int64_t largest_difference(const std::string& path) {
  const std::vector<at::Tensor> ours = sequential_frames(*VideoReader::open(path));
  const std::vector<at::Tensor> theirs = opencv_frames(path);
  EXPECT_EQ(ours.size(), theirs.size()) << path;
  int64_t largest = 0;
  for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
    EXPECT_EQ(ours[i].sizes(), theirs[i].sizes()) << path;
    if (ours[i].sizes() != theirs[i].sizes()) return 255;
    largest = std::max(largest,
                       (ours[i].to(at::kInt) - theirs[i].to(at::kInt)).abs().max().item<int64_t>());
  }
  return largest;
}

TEST(ColourConversion, EightBitBytesEqualOpenCv) {
  for (const std::string name :
       {"plain.mp4", "hevc.mp4", "b_frames.avi", "av1.mkv", "vp9.webm", "odd_420.webm",
        "wide_130.mp4", "full_range.mp4", "bt709.mp4", "vfr.mkv", "rotated_90.mp4",
        "rotated_180.mp4", "rotated_270.mp4"}) {
    EXPECT_EQ(largest_difference(clip_path(name)), 0) << name;
  }
}

TEST(ColourConversion, WidthsOffTheAlignmentEqualOpenCv) {
  testing::TempDir dir;
  for (const int64_t width : {18, 50, 66, 100, 130, 198, 322}) {
    const std::string path = dir / ("w" + std::to_string(width) + ".mp4");
    testing::write_pattern(path, 3, 34, width);
    EXPECT_EQ(largest_difference(path), 0) << width;
  }
}

TEST(ColourConversion, TenBitIsWithinTwoLevelsOfOpenCv) {
  // 2 levels: the bound set for 10-bit material, where swscale's code paths round differently.
  EXPECT_LE(largest_difference(clip_path("ten_bit.mp4")), 2);
}

TEST(ColourConversion, RealMediaEqualsOpenCvWhenPresent) {
  const auto media = testing::beside_project("media");
  if (!media.exists) GTEST_SKIP() << "media are not beside the project";
  EXPECT_EQ(largest_difference(media.path + "/detection/real/MSVD_9930.mp4"), 0);
  EXPECT_EQ(largest_difference(media.path + "/h265_video.mp4"), 0);
  EXPECT_LE(largest_difference(media.path + "/h264_10bits.mp4"), 2);
}

#endif

TEST(ColourConversion, TensorPlacementDoesNotChangeBytes) {
  // Width 130 is converted through padded rows, 64 directly; both also at unaligned places inside a
  // clip.
  for (const std::string name : {"wide_130.mp4", "plain.mp4", "odd_444.mp4"}) {
    const auto reader = VideoReader::open(clip_path(name));
    const Clip together = reader->read({0, 1, 2, 3, 4});
    for (int64_t i = 0; i < 5; ++i) {
      EXPECT_TRUE(at::equal(together.frames[i], reader->read({i}).frames[0]))
          << name << " frame " << i;
    }
  }
}

TEST(ColourConversion, LosslessRoundTripKeepsEveryByte) {
  testing::TempDir dir;
  VideoWriterOptions lossless;
  lossless.codec = "ffv1";
  for (const int64_t width : {33, 64}) {
    testing::write_pattern(dir / "exact.mkv", 4, 21, width, lossless);
    const std::vector<at::Tensor> frames = sequential_frames(*VideoReader::open(dir / "exact.mkv"));
    ASSERT_EQ(frames.size(), 4U);
    for (int64_t t = 0; t < 4; ++t) {
      EXPECT_TRUE(
          at::equal(frames[static_cast<std::size_t>(t)], testing::pattern_frame(t, 21, width)))
          << t;
    }
  }
}

TEST(ColourConversion, DepthOfComponents) {
  EXPECT_EQ(component_depth(AV_PIX_FMT_YUV420P), 8);
  EXPECT_EQ(component_depth(AV_PIX_FMT_YUV420P10LE), 10);
  EXPECT_EQ(component_depth(AV_PIX_FMT_NONE), 8);
}

}  // namespace
}  // namespace physprobe
