#include "physprobe/eval/physics_iq/motion_mask.h"

#include "physprobe/core/safetensors.h"
#include "physprobe/eval/physics_iq/mask_shrink.h"

#include "support/golden.h"
#include "support/tensor_near.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace physprobe {
namespace {

using testing::golden_path;
using testing::tensor_near;

at::Tensor masks_of(const at::Tensor& rgb_frames, int threshold) {
  at::Tensor masks =
      at::zeros({rgb_frames.size(0), rgb_frames.size(1), rgb_frames.size(2)}, at::kByte);
  int64_t t = 0;
  MotionMasker masker(rgb_frames.size(1), rgb_frames.size(2), threshold,
                      [&](const BitImage& mask) { mask.to_bytes(masks[t++].data_ptr<uint8_t>()); });
  for (int64_t i = 0; i < rgb_frames.size(0); ++i)
    masker.push(rgb_frames[i].contiguous().data_ptr<uint8_t>());
  masker.finish();
  EXPECT_EQ(t, rgb_frames.size(0));
  return masks;
}

/// The evaluator's own calls.
at::Tensor masks_by_opencv(const at::Tensor& rgb_frames, int threshold) {
  const int height = static_cast<int>(rgb_frames.size(1));
  const int width = static_cast<int>(rgb_frames.size(2));
  at::Tensor masks = at::zeros({rgb_frames.size(0), height, width}, at::kByte);
  cv::Mat background;
  const cv::Mat kernel = cv::Mat::ones(5, 5, CV_8U);
  for (int64_t t = 0; t < rgb_frames.size(0); ++t) {
    const at::Tensor frame = rgb_frames[t].contiguous();
    const cv::Mat rgb(height, width, CV_8UC3, frame.data_ptr<uint8_t>());
    cv::Mat grey;
    cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
    cv::GaussianBlur(grey, grey, cv::Size(5, 5), 0);
    if (t == 0) {
      grey.convertTo(background, CV_64F);
      continue;
    }
    cv::accumulateWeighted(grey, background, 0.3);
    cv::Mat rounded, difference, mask;
    cv::convertScaleAbs(background, rounded);
    cv::absdiff(grey, rounded, difference);
    cv::threshold(difference, mask, threshold, 255, cv::THRESH_BINARY);
    cv::morphologyEx(mask, mask, cv::MORPH_OPEN, kernel);
    cv::morphologyEx(mask, mask, cv::MORPH_CLOSE, kernel);
    mask.copyTo(cv::Mat(height, width, CV_8U, masks[t].data_ptr<uint8_t>()));
  }
  return masks;
}

TEST(PhysicsIqMotionMask, EveryGoldenClipExactly) {
  const auto golden = read_safetensors(golden_path("physics_iq/mask_generation.safetensors"));
  for (const auto& [clip, mask, threshold] :
       {std::tuple<const char*, const char*, int>{"a.frames_bgr", "a.mask", 10},
        {"b.frames_bgr", "b.mask", 10},
        {"c.frames_bgr", "c.mask", 10},
        {"a.frames_bgr", "d.mask", 25}}) {
    SCOPED_TRACE(mask);
    const at::Tensor rgb = golden.at(clip).flip({3}).contiguous();
    EXPECT_TRUE(tensor_near(masks_of(rgb, threshold), golden.at(mask), 0.0));
  }
}

TEST(PhysicsIqMotionMask, EqualsOpenCvOnNoiseOfManySizes) {
  at::manual_seed(5);
  for (const auto& [height, width] : {std::pair<int64_t, int64_t>{1, 1},
                                      {1, 70},
                                      {2, 3},
                                      {5, 64},
                                      {37, 65},
                                      {64, 128},
                                      {90, 201}}) {
    SCOPED_TRACE(height * 1000 + width);
    // Blocks that jump: most thresholds, ties of the rounding included, are met.
    const at::Tensor coarse =
        at::randint(0, 256, {12, 1 + height / 7, 1 + width / 7, 3}, at::kByte);
    const at::Tensor frames = coarse.repeat_interleave(7, 1)
                                  .repeat_interleave(7, 2)
                                  .slice(1, 0, height)
                                  .slice(2, 0, width)
                                  .contiguous();
    const at::Tensor expected = masks_by_opencv(frames, 10);
    EXPECT_TRUE(tensor_near(masks_of(frames, 10), expected, 0.0));
  }
}

TEST(PhysicsIqMotionMask, MasksShrunkOnBitsEqualTheResizedBytes) {
  at::manual_seed(8);
  for (const auto& [height, width] :
       {std::pair<int64_t, int64_t>{4, 4}, {8, 68}, {36, 208}, {52, 260}, {37, 210}}) {
    SCOPED_TRACE(height * 1000 + width);
    const int64_t out_height = std::max<int64_t>(1, height / 4);
    const int64_t out_width = std::max<int64_t>(1, width / 4);
    MaskShrinker shrinker(height, width, out_height, out_width);
    MaskStack stack(out_height, out_width);
    for (int64_t t = 0; t < 5; ++t) {
      const at::Tensor bytes = at::randint(0, 2, {height, width}, at::kByte) * 255;
      BitImage mask(height, width);
      for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x)
          if (bytes[y][x].item<uint8_t>() != 0)
            mask.row(y)[x / 64] |= uint64_t{1} << static_cast<uint64_t>(x % 64);
      shrinker.append(mask, stack);
      cv::Mat small;
      cv::resize(cv::Mat(static_cast<int>(height), static_cast<int>(width), CV_8U,
                         bytes.data_ptr<uint8_t>()),
                 small, cv::Size(static_cast<int>(out_width), static_cast<int>(out_height)));
      for (int64_t y = 0; y < out_height; ++y)
        for (int64_t x = 0; x < out_width; ++x)
          ASSERT_EQ(stack.at(t, y, x),
                    small.at<uint8_t>(static_cast<int>(y), static_cast<int>(x)) > 127)
              << y << " " << x;
    }
  }
}

}  // namespace
}  // namespace physprobe
