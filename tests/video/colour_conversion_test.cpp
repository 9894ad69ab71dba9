// RGB bytes against OpenCV's own reader, the definition that published scores in this field rest
// on.
#include "physprobe/video/colour_conversion.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

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
  // OpenCV 4.6 turns the wrong way; which way is right is tested in video_reader_test.cpp.
  capture.set(cv::CAP_PROP_ORIENTATION_AUTO, 0);
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
int64_t largest_difference(const std::string& path, ColourTags tags = ColourTags::kHonoured) {
  VideoOptions options;
  options.apply_rotation = false;
  options.colour_tags = tags;
  const std::vector<at::Tensor> ours = sequential_frames(*VideoReader::open(path, options));
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
        "odd_444.mp4", "wide_130.mp4", "full_range.mp4", "vfr.mkv", "vp8_hidden.webm",
        "interlaced.mp4", "rotated_90.mp4", "rotated_180.mp4", "rotated_270.mp4"}) {
    EXPECT_EQ(largest_difference(clip_path(name)), 0) << name;
  }
}

TEST(ColourConversion, TaggedBytesEqualOpenCvWhenTagsAreIgnored) {
  EXPECT_EQ(largest_difference(clip_path("bt709.mp4"), ColourTags::kIgnored), 0);
  EXPECT_EQ(largest_difference(clip_path("plain.mp4"), ColourTags::kIgnored), 0);
}

TEST(ColourConversion, WidthsOffTheAlignmentEqualOpenCv) {
  testing::TempDir dir;
  for (const int64_t width : {18, 42, 50, 66, 100, 106, 130, 198, 322}) {
    for (const int64_t height : {34, 50}) {
      const std::string path = dir / ("w" + std::to_string(width) + ".mp4");
      testing::write_pattern(path, 3, height, width);
      EXPECT_EQ(largest_difference(path), 0) << width << "x" << height;
    }
  }
}

TEST(ColourConversion, TenBitIsWithinTwoLevelsOfOpenCv) {
  // 2 levels: the bound set for 10-bit material, where swscale's code paths round differently.
  EXPECT_LE(largest_difference(clip_path("ten_bit.mp4")), 2);
}

TEST(ColourConversion, RealMediaEqualsOpenCvWhenPresent) {
  const auto media = testing::beside_project("media");
  if (!media.exists) GTEST_SKIP() << "media are not beside the project";
  for (const std::string name :
       {"detection/real/MSVD_9930.mp4", "detection/real/MSR-VTT_6282.mp4",
        "detection/generated/VideoCrafter2_26490.mp4", "h265_video.mp4", "unordered.mov"}) {
    EXPECT_EQ(largest_difference(media.path + "/" + name), 0) << name;
  }
  for (const std::string name : {"nasa_13013.mp4", "av1_video.mkv", "rotated_90.mov",
                                 "phyworld_generated/velocity_flip.mp4"}) {  // tagged BT.709
    EXPECT_EQ(largest_difference(media.path + "/" + name, ColourTags::kIgnored), 0) << name;
  }
  EXPECT_LE(largest_difference(media.path + "/h264_10bits.mp4"), 2);
}

#endif

/// RGB that was computed from YUV with BT.601's matrix, as BT.709's would have given it.
std::array<double, 3> as_bt709(double red, double green, double blue) {
  const double luma = 0.299 * red + 0.587 * green + 0.114 * blue;
  const double pb = (blue - luma) / 1.772;
  const double pr = (red - luma) / 1.402;
  return {luma + 1.5748 * pr, luma - 0.1873 * pb - 0.4681 * pr, luma + 1.8556 * pb};
}

TEST(ColourConversion, TagsOfColourAreHonoured) {
  VideoOptions ignoring;
  ignoring.colour_tags = ColourTags::kIgnored;
  const at::Tensor honoured = VideoReader::open(clip_path("bt709.mp4"))->read({2}).frames[0];
  const at::Tensor ignored =
      VideoReader::open(clip_path("bt709.mp4"), ignoring)->read({2}).frames[0];
  const uint8_t* ours = honoured.data_ptr<uint8_t>();
  const uint8_t* bt601 = ignored.data_ptr<uint8_t>();
  const auto is_inside = [](double value) { return value > 8.0 && value < 247.0; };
  int64_t compared = 0;
  double effect = 0.0;
  for (int64_t i = 0; i < honoured.numel(); i += 3) {
    const std::array<double, 3> expected = as_bt709(bt601[i], bt601[i + 1], bt601[i + 2]);
    bool is_unclipped = true;
    for (std::size_t c = 0; c < 3; ++c) {
      is_unclipped =
          is_unclipped && is_inside(expected[c]) && is_inside(bt601[i + static_cast<int64_t>(c)]);
    }
    if (!is_unclipped) continue;
    ++compared;
    for (std::size_t c = 0; c < 3; ++c) {
      const auto at = i + static_cast<int64_t>(c);
      // 4 levels: both conversions round down in several places, and the first is inverted here.
      ASSERT_NEAR(ours[at], expected[c], 4.0) << at;
      effect = std::max(effect, std::abs(expected[c] - bt601[at]));
    }
  }
  EXPECT_GT(compared, honoured.numel() / 3 / 20);  // most colours of the pattern are saturated
  EXPECT_GT(effect, 12.0);                         // ignoring the tag shows
  EXPECT_TRUE(at::equal(VideoReader::open(clip_path("plain.mp4"), ignoring)->read({2}).frames,
                        VideoReader::open(clip_path("plain.mp4"))->read({2}).frames));
}

TEST(ColourConversion, LastColumnsAreConvertedAtEveryWidth) {
  // Codecs without padding of their own: swscale would leave the end of a short row unwritten.
  testing::TempDir dir;
  const at::Tensor colour = at::tensor({200, 40, 90}, at::kByte);
  VideoWriterOptions vp8;
  vp8.codec = "vp8";
  for (const int64_t width : {2, 18, 42, 106, 170}) {
    const auto writer = VideoWriter::open(dir / "flat.webm", width, 20, vp8);
    writer->write(colour.expand({20, width, 3}).contiguous());
    writer->close();
    const at::Tensor frame = VideoReader::open(dir / "flat.webm")->read({0}).frames[0];
    const at::Tensor difference = (frame.to(at::kInt) - colour.to(at::kInt)).abs();
    // 4 levels: rounding of a flat colour to YUV and back, and the codec's quantisation.
    EXPECT_LE(difference.max().item<int>(), 4) << width;
  }
}

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
