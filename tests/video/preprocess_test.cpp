#include "physprobe/video/preprocess.h"

#include "physprobe/core/error.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"
#include "support/tensor_near.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/stack.h>
#include <gtest/gtest.h>

#include <functional>

#include "core/error_kind.h"
#include "preprocess_golden.h"

namespace physprobe {
namespace {

using testing::golden_path;
using testing::kind_of;
using testing::preprocess_golden;
using testing::tensor_near;

constexpr std::array<double, 3> kImagenetMean = {0.485, 0.456, 0.406};
constexpr std::array<double, 3> kImagenetStd = {0.229, 0.224, 0.225};
constexpr std::array<double, 3> kClipMean = {0.48145466, 0.4578275, 0.40821073};
constexpr std::array<double, 3> kClipStd = {0.26862954, 0.26130258, 0.27577711};

PreprocessSpec short_side(int64_t size, int64_t crop) {
  PreprocessSpec spec;
  spec.resize = ResizeRule::kShortSide;
  spec.height = size;
  spec.width = size;
  spec.crop = crop;
  return spec;
}

PreprocessSpec squash(int64_t size, ResampleArithmetic arithmetic) {
  PreprocessSpec spec;
  spec.resize = ResizeRule::kSquash;
  spec.height = spec.width = size;
  spec.arithmetic = arithmetic;
  return spec;
}

at::Tensor pattern(int64_t height, int64_t width) {
  at::Tensor image = at::empty({height, width, 3}, at::kByte);
  uint8_t* data = image.data_ptr<uint8_t>();
  for (int64_t i = 0; i < image.numel(); ++i)
    data[i] = static_cast<uint8_t>((i * i * 7 + i / 5) % 251);
  return image;
}

TEST(Preprocess, ShortSideCropImagenet) {
  PreprocessSpec spec = short_side(64, 56);
  spec.mean = kImagenetMean;
  spec.stddev = kImagenetStd;
  for (const std::string name : {"a", "b", "c"}) {
    // 1e-6: bytes are exact, the normalisation is one float32 rounding apart at most
    // (golden/encoders).
    EXPECT_TRUE(tensor_near(preprocess_frame(preprocess_golden().at(name + ".rgb"), spec),
                            preprocess_golden().at(name + ".pil_bicubic_short64_crop56_imagenet"),
                            1e-6))
        << name;
  }
}

TEST(Preprocess, ShortSideCropClip) {
  PreprocessSpec spec = short_side(56, 56);
  spec.mean = kClipMean;
  spec.stddev = kClipStd;
  for (const std::string name : {"a", "b", "c"}) {
    EXPECT_TRUE(tensor_near(preprocess_frame(preprocess_golden().at(name + ".rgb"), spec),
                            preprocess_golden().at(name + ".pil_bicubic_short56_crop56_clip"),
                            1e-6))
        << name;
  }
}

TEST(Preprocess, SquashHalf) {
  PreprocessSpec spec = squash(56, ResampleArithmetic::kPillowUint8);
  spec.mean = {0.5, 0.5, 0.5};
  spec.stddev = {0.5, 0.5, 0.5};
  for (const std::string name : {"a", "b", "c"}) {
    EXPECT_TRUE(tensor_near(preprocess_frame(preprocess_golden().at(name + ".rgb"), spec),
                            preprocess_golden().at(name + ".pil_bicubic_squash56_half"), 1e-6))
        << name;
  }
}

TEST(Preprocess, FloatBilinearImagenet) {
  PreprocessSpec spec = squash(56, ResampleArithmetic::kFloatAntialias);
  spec.filter = ResampleFilter::kBilinear;
  spec.mean = kImagenetMean;
  spec.stddev = kImagenetStd;
  for (const std::string name : {"a", "b", "c"}) {
    // 1e-5: torch's weights are float32 (golden/encoders).
    EXPECT_TRUE(tensor_near(preprocess_frame(preprocess_golden().at(name + ".rgb"), spec),
                            preprocess_golden().at(name + ".float_bilinear_aa_56x56_imagenet"),
                            1e-5))
        << name;
  }
}

TEST(Preprocess, RestravFrameOfGoldenVideo) {
  const auto videos = read_safetensors(golden_path("straightening/videos.safetensors"));
  const PreprocessSpec spec = squash(224, ResampleArithmetic::kFloatAntialias);
  const at::Tensor frame = videos.at("d_short_25fps_0p72s.decoded_rgb")[0];
  // 1e-5 as stated in golden/straightening.
  EXPECT_TRUE(tensor_near(preprocess_frame(frame, spec),
                          videos.at("d_short_25fps_0p72s.preprocessed_frame0"), 1e-5));
}

TEST(Preprocess, CropOffsetRulesDifferByOneAtThreeModFour) {
  const at::Tensor& image =
      preprocess_golden().at("b.rgb");  // 210x75 -> 179x64; (179 - 56) / 2 = 61.5
  PreprocessSpec spec = short_side(64, 56);
  spec.scale_to_unit = false;
  const at::Tensor resized =
      preprocess_golden().at("b.pil_bicubic_short64").to(at::kFloat).permute({2, 0, 1});
  EXPECT_TRUE(at::equal(preprocess_frame(image, spec), resized.slice(1, 62, 118).slice(2, 4, 60)));
  spec.crop_offset = CropOffset::kFloor;
  EXPECT_TRUE(at::equal(preprocess_frame(image, spec), resized.slice(1, 61, 117).slice(2, 4, 60)));
}

TEST(Preprocess, ShortSideTruncatesTheLongSideAndKeepsWhatFits) {
  // torchvision: int(size * long / short), here 64 * 143 / 97 = 94.35 and 64 * 211 / 75 = 180.05
  EXPECT_EQ(preprocessed_size(97, 143, short_side(64, 0)),
            std::make_pair(int64_t{64}, int64_t{94}));
  EXPECT_EQ(preprocessed_size(211, 75, short_side(64, 0)),
            std::make_pair(int64_t{180}, int64_t{64}));
  // A short side that fits already leaves the image unchanged.
  PreprocessSpec spec = short_side(40, 0);
  spec.scale_to_unit = false;
  const at::Tensor image = pattern(57, 40);
  for (const ResampleArithmetic arithmetic :
       {ResampleArithmetic::kPillowUint8, ResampleArithmetic::kFloatAntialias,
        ResampleArithmetic::kFloatPlain}) {
    spec.arithmetic = arithmetic;
    EXPECT_TRUE(at::equal(preprocess_frame(image, spec), image.permute({2, 0, 1}).to(at::kFloat)));
  }
}

TEST(Preprocess, HalfOffsetsRoundToTheEvenNeighbour) {
  PreprocessSpec spec;
  spec.crop = 2;
  spec.scale_to_unit = false;
  const at::Tensor image = pattern(5, 7);  // rests 3 -> 1.5 -> 2 and 5 -> 2.5 -> 2
  EXPECT_TRUE(at::equal(preprocess_frame(image, spec),
                        image.slice(0, 2, 4).slice(1, 2, 4).permute({2, 0, 1}).to(at::kFloat)));
}

TEST(Preprocess, CropOfPartEqualsCropOfWhole) {
  PreprocessSpec whole = short_side(80, 0);
  PreprocessSpec part = short_side(80, 72);
  for (const ResampleArithmetic arithmetic :
       {ResampleArithmetic::kPillowUint8, ResampleArithmetic::kFloatAntialias,
        ResampleArithmetic::kFloatPlain}) {
    whole.arithmetic = part.arithmetic = arithmetic;
    const at::Tensor image = pattern(301, 203);
    const auto [height, width] = preprocessed_size(301, 203, whole);
    EXPECT_EQ(height, 80 * 301 / 203);
    EXPECT_EQ(width, 80);
    const at::Tensor expected = preprocess_frame(image, whole)
                                    .slice(1, (height - 72) / 2, (height - 72) / 2 + 72)
                                    .slice(2, 4, 76);
    EXPECT_TRUE(at::equal(preprocess_frame(image, part), expected));
  }
}

TEST(Preprocess, LumaIsRec601RoundedHalfUp) {
  PreprocessSpec spec;
  spec.colour = ColourRule::kLuma;
  spec.scale_to_unit = false;
  const at::Tensor image = pattern(13, 29);
  const at::Tensor luma = preprocess_frame(image, spec);
  ASSERT_EQ(luma.sizes(), (std::vector<int64_t>{1, 13, 29}));
  const auto pixels = image.accessor<uint8_t, 3>();
  const auto values = luma.accessor<float, 3>();
  for (int64_t y = 0; y < 13; ++y) {
    for (int64_t x = 0; x < 29; ++x) {
      const int exact = 299 * pixels[y][x][0] + 587 * pixels[y][x][1] + 114 * pixels[y][x][2];
      EXPECT_EQ(values[0][y][x], static_cast<float>((exact + 500) / 1000));
    }
  }
  at::Tensor grey = at::empty({1, 256, 3}, at::kByte);
  for (int64_t v = 0; v < 256; ++v) grey.select(1, v).fill_(v);
  EXPECT_TRUE(
      at::equal(preprocess_frame(grey, spec).reshape({256}), at::arange(256).to(at::kFloat)));
}

TEST(Preprocess, CenterSquareCutsTheMiddle) {
  PreprocessSpec spec;
  spec.resize = ResizeRule::kCenterSquare;
  spec.height = spec.width = 20;
  spec.filter = ResampleFilter::kLanczos;
  spec.scale_to_unit = false;
  const at::Tensor image = pattern(20, 36);
  EXPECT_TRUE(at::equal(preprocess_frame(image, spec),
                        image.slice(1, 8, 28).permute({2, 0, 1}).to(at::kFloat)));
  EXPECT_TRUE(at::equal(preprocess_frame(image.transpose(0, 1).contiguous(), spec),
                        image.slice(1, 8, 28).permute({2, 1, 0}).to(at::kFloat)));
}

TEST(Preprocess, SameBitsForAnyNumberOfThreads) {
  const at::Tensor frames =
      at::stack({pattern(61, 47), pattern(61, 47).flip(0), pattern(61, 47).flip(1)});
  for (const ResampleArithmetic arithmetic :
       {ResampleArithmetic::kPillowUint8, ResampleArithmetic::kFloatAntialias}) {
    const PreprocessSpec spec = squash(32, arithmetic);
    const at::Tensor serial = preprocess_frames(frames, spec, 1);
    EXPECT_TRUE(at::equal(serial, preprocess_frames(frames, spec, 2)));
    EXPECT_TRUE(at::equal(serial, preprocess_frames(frames, spec, 7)));
    for (int64_t t = 0; t < 3; ++t)
      EXPECT_TRUE(at::equal(serial[t], preprocess_frame(frames[t], spec)));
  }
}

TEST(Preprocess, WrongInputsAreRefused) {
  const PreprocessSpec spec = squash(8, ResampleArithmetic::kPillowUint8);
  EXPECT_EQ(kind_of([&] { preprocess_frame(pattern(8, 8).to(at::kFloat), spec); }),
            ErrorKind::kUsage);
  EXPECT_EQ(kind_of([&] { preprocess_frame(pattern(8, 8).slice(2, 0, 1), spec); }),
            ErrorKind::kUsage);
  EXPECT_EQ(kind_of([&] { preprocess_frames(pattern(8, 8), spec); }), ErrorKind::kUsage);
  PreprocessSpec crop;
  crop.crop = 9;
  EXPECT_EQ(kind_of([&] { preprocess_frame(pattern(8, 20), crop); }), ErrorKind::kInput);
}

/// Sizes of the reference's frames: landscape, portrait, longer than 2:1, smaller than the result.
class VideoModelPreprocess : public ::testing::TestWithParam<std::string> {
 protected:
  at::Tensor found(const PreprocessSpec& spec) const {
    return preprocess_frames(tensors_.at(GetParam() + ".frames_uint8"), spec);
  }
  /// The reference's (3, T, H, W) as (T, 3, H, W).
  at::Tensor expected(const std::string& name) const {
    return tensors_.at(GetParam() + "." + name).permute({1, 0, 2, 3});
  }
  static PreprocessSpec normalised(PreprocessSpec spec) {
    spec.mean = kImagenetMean;
    spec.stddev = kImagenetStd;
    spec.filter = ResampleFilter::kBilinear;
    return spec;
  }
  std::map<std::string, at::Tensor> tensors_ =
      read_safetensors(golden_path("voe/preprocess.safetensors"));
};

TEST_P(VideoModelPreprocess, CentredSquareOfVjepaEqualsTheReference) {
  PreprocessSpec spec = squash(32, ResampleArithmetic::kFloatPlain);
  spec.resize = ResizeRule::kCenterSquare;
  spec.crop_offset = CropOffset::kFloor;
  // Stated by the golden data: float32 sums in another order.
  EXPECT_TRUE(tensor_near(found(normalised(spec)), expected("v1_center"), 1e-5));
}

TEST_P(VideoModelPreprocess, WholeFrameOfInfLevelEqualsTheReference) {
  PreprocessSpec spec = squash(32, ResampleArithmetic::kFloatPlain);
  spec.resize = ResizeRule::kBoundedSquash;
  spec.crop_offset = CropOffset::kFloor;
  EXPECT_TRUE(tensor_near(found(normalised(spec)), expected("v1_inflevel"), 1e-5));
}

TEST_P(VideoModelPreprocess, EvaluationOfVjepa2EqualsTheReference) {
  PreprocessSpec spec = short_side(32, 28);
  spec.arithmetic = ResampleArithmetic::kOpenCvUint8;
  const at::Tensor ours = found(normalised(spec));
  EXPECT_TRUE(tensor_near(ours, expected("v2_cv2"), 1e-5));
  if (tensors_.count(GetParam() + ".v2_tensor") != 0) {
    // The reference's other path, for tensors: at most one grey level apart, never the same.
    EXPECT_TRUE(tensor_near(ours, expected("v2_tensor"), 1.0 / 255.0 / 0.224 + 1e-5));
    EXPECT_FALSE(tensor_near(ours, expected("v2_tensor"), 1e-5));
  }
}

INSTANTIATE_TEST_SUITE_P(Golden,
                         VideoModelPreprocess,
                         ::testing::Values("case0", "case1", "case3", "case4"),
                         [](const ::testing::TestParamInfo<std::string>& frames) {
                           return frames.param;
                         });

}  // namespace
}  // namespace physprobe
