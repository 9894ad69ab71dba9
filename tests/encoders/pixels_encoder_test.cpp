#include "physprobe/core/error.h"
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/encoders/thumbnail.h"

#include "support/tensor_near.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

using nlohmann::json;
using testing::tensor_near;

at::Tensor ramp(at::IntArrayRef shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return (at::arange(count, at::kFloat) * 37.0).fmod(251.0).reshape(shape) / 251.0;
}

at::Tensor thumbnail_of(const at::Tensor& planes) {
  at::Tensor out = at::empty({planes.size(0), kThumbnailSide, kThumbnailSide});
  area_thumbnail(planes.data_ptr<float>(), planes.size(0), planes.size(1), planes.size(2),
                 out.data_ptr<float>());
  return out;
}

TEST(PixelsEncoderTest, PixelTapIsTheFlattenedInput) {
  const auto encoder = make_encoder({{"family", "pixels"}, {"preprocess", {{"resize", "none"}}}});
  const at::Tensor input = ramp({2, 3, 3, 20, 12});
  const auto outputs = encoder->encode(input, {});
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs[0].name, "pixel");
  EXPECT_TRUE(at::equal(outputs[0].tokens, input.reshape({2, 3, 1, 720})));
  EXPECT_EQ(outputs[0].pooled.sizes(), at::IntArrayRef({2, 3, 3072}));
}

TEST(PixelsEncoderTest, TokensAreACopyOfTheInput) {
  const auto encoder = make_encoder({{"family", "pixels"}, {"preprocess", {{"resize", "none"}}}});
  at::Tensor input = ramp({1, 1, 3, 8, 8});
  const auto outputs = encoder->encode(input, {});
  const float before = outputs[0].tokens[0][0][0][5].item<float>();
  input.zero_();
  EXPECT_EQ(outputs[0].tokens[0][0][0][5].item<float>(), before);
}

TEST(PixelsEncoderTest, DefaultPreprocessingIsRestravs) {
  const auto encoder = make_encoder({{"family", "pixels"}});
  const EncoderInfo& info = encoder->info();
  EXPECT_EQ(info.id, "pixels");
  EXPECT_EQ(info.taps[0].width, 3 * 224 * 224);
  EXPECT_EQ(info.preprocess.resize, ResizeRule::kSquash);
  EXPECT_EQ(info.preprocess.height, 224);
  EXPECT_EQ(info.preprocess.width, 224);
  EXPECT_EQ(info.preprocess.filter, ResampleFilter::kBicubic);
  EXPECT_EQ(info.preprocess.arithmetic, ResampleArithmetic::kFloatAntialias);
  EXPECT_EQ(info.preprocess.mean, (std::array<double, 3>{0.0, 0.0, 0.0}));
}

TEST(PixelsEncoderTest, OtherPreprocessingHasAnotherIdAndWidth) {
  const auto grey =
      make_encoder({{"family", "pixels"}, {"preprocess", {{"colour", "luma"}, {"size", 64}}}});
  EXPECT_EQ(grey->info().taps[0].width, 64 * 64);
  EXPECT_EQ(grey->info().id.rfind("pixels-p", 0), 0U) << grey->info().id;
  const auto outputs = grey->encode(ramp({1, 2, 1, 64, 64}), {});
  EXPECT_EQ(outputs[0].pooled.size(2), 1024);
  const auto native = make_encoder({{"family", "pixels"}, {"preprocess", {{"resize", "none"}}}});
  EXPECT_EQ(native->info().taps[0].width, 0);
}

TEST(PixelsEncoderTest, RefusesFramesItsPreprocessingDoesNotYield) {
  const auto encoder = make_encoder({{"family", "pixels"}});
  try {
    encoder->encode(ramp({1, 1, 3, 224, 200}), {});
    FAIL() << "224x200 was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.message().find("224x224"), std::string::npos) << error.message();
    EXPECT_NE(error.message().find("224x200"), std::string::npos) << error.message();
  }
}

TEST(ThumbnailTest, WholeCellsAreBlockMeans) {
  const at::Tensor image = ramp({3, 64, 96});
  const at::Tensor blocks =
      image.to(at::kDouble).reshape({3, 32, 2, 32, 3}).mean(at::IntArrayRef({2, 4}));
  EXPECT_TRUE(tensor_near(thumbnail_of(image), blocks, 1e-7));
}

TEST(ThumbnailTest, FractionalCellsWeighTheBorderPixels) {
  // 33 pixels on 32 cells: the first cell is pixel 0 and 1/33 of the next, in units of 33/32
  // pixels.
  const at::Tensor image = at::arange(33, at::kFloat).reshape({1, 1, 33}).contiguous();
  const at::Tensor row = thumbnail_of(image)[0][0];
  EXPECT_NEAR(row[0].item<double>(), (32.0 * 0.0 + 1.0 * 1.0) / 33.0, 1e-6);
  EXPECT_NEAR(row[1].item<double>(), (31.0 * 1.0 + 2.0 * 2.0) / 33.0, 1e-6);
  EXPECT_NEAR(row[31].item<double>(), (1.0 * 31.0 + 32.0 * 32.0) / 33.0, 1e-5);
}

TEST(ThumbnailTest, KeepsTheMeanAndTakesTinyImages) {
  for (const auto& shape : std::vector<std::vector<int64_t>>{{1, 1, 1}, {1, 5, 7}, {2, 100, 31}}) {
    const at::Tensor image = ramp(shape);
    EXPECT_TRUE(tensor_near(thumbnail_of(image).to(at::kDouble).mean(at::IntArrayRef({1, 2})),
                            image.to(at::kDouble).mean(at::IntArrayRef({1, 2})), 1e-6));
  }
}

}  // namespace
}  // namespace physprobe
