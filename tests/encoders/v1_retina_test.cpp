#include "physprobe/encoders/v1_retina.h"

#include "physprobe/core/safetensors.h"

#include "support/tensor_near.h"

#include "v1_golden.h"

namespace physprobe {
namespace {

using testing::beside_project;
using testing::golden_json;
using testing::golden_path;
using testing::tensor_near;

at::Tensor image_of(const std::vector<float>& values, at::IntArrayRef shape) {
  return at::tensor(values).reshape(shape);
}

at::Tensor retina_of(const at::Tensor& levels) {
  const at::Tensor pixel = (levels.to(at::kFloat) / 255.0).contiguous();
  at::Tensor out = at::empty_like(pixel);
  retina_response(pixel.data_ptr<float>(), pixel.size(0), pixel.size(1), out.data_ptr<float>());
  return out;
}

/// Outer product of the separable factor with itself, (31, 31).
at::Tensor outer(const std::vector<double>& taps) {
  const at::Tensor line = at::tensor(taps, at::kDouble);
  return line.unsqueeze(1) * line.unsqueeze(0);
}

TEST(V1RetinaTest, KernelsEqualThePublishedFile) {
  const at::Tensor golden =
      read_safetensors(golden_path("v1_encoder/filters.safetensors")).at("retina_kernels");
  const RetinaKernels& kernels = retina_kernels();
  // The closed forms reproduce the published file to 4e-16; the golden README allows 1e-15 relative
  // to 1.
  EXPECT_TRUE(tensor_near(outer(kernels.centre) - outer(kernels.surround), golden[0], 1e-15));
  EXPECT_TRUE(tensor_near(outer(kernels.mean), golden[1], 1e-15));
  EXPECT_TRUE(tensor_near(outer(kernels.contrast), golden[2], 1e-15));
}

TEST(V1RetinaTest, NoiseEqualsReference) {
  const auto golden = read_safetensors(golden_path("v1_encoder/noise32.safetensors"));
  const at::Tensor& frames = golden.at("noise32.frames");
  for (int64_t t = 0; t < frames.size(0); ++t) {
    // 2e-6: five times the measured difference of fp32 and fp64.
    EXPECT_TRUE(tensor_near(retina_of(frames[t]), golden.at("noise32.retina")[t], 2e-6))
        << "frame " << t;
  }
}

TEST(V1RetinaTest, EveryStageEqualsReference) {
  const auto beside = beside_project("golden/v1_encoder/crop64.safetensors");
  if (!beside.exists)
    GTEST_SKIP() << "stimulus crops are not beside this checkout: " << beside.path;
  const auto golden = read_safetensors(beside.path);
  const at::Tensor pixel = (golden.at("crop64.frames")[0].to(at::kFloat) / 255.0).contiguous();
  at::Tensor out = at::empty_like(pixel);
  const RetinaStages stages =
      retina_response(pixel.data_ptr<float>(), 64, 64, out.data_ptr<float>());
  // 1e-5 where the reference sums 961 products in fp32, 2e-6 after the values have been divided
  // down.
  EXPECT_TRUE(tensor_near(image_of(stages.centre_surround, {64, 64}),
                          golden.at("crop64.frame0.center_surround"), 1e-5));
  EXPECT_TRUE(tensor_near(image_of(stages.local_mean, {64, 64}),
                          golden.at("crop64.frame0.local_mean"), 2e-6));
  EXPECT_TRUE(tensor_near(image_of(stages.luminance_normalised, {64, 64}),
                          golden.at("crop64.frame0.lum_normalised"), 1e-5));
  EXPECT_TRUE(tensor_near(image_of(stages.local_contrast, {64, 64}),
                          golden.at("crop64.frame0.local_contrast"), 2e-6));
  EXPECT_TRUE(tensor_near(image_of(stages.contrast_normalised, {64, 64}),
                          golden.at("crop64.frame0.con_normalised"), 2e-6));
  EXPECT_TRUE(tensor_near(out, golden.at("crop64.retina")[0], 2e-6));
}

TEST(V1RetinaTest, ConstantImagesHaveTheClosedFormValue) {
  const nlohmann::json degenerate = golden_json("curvature_small.json").at("degenerate");
  for (const int level : {0, 1, 47, 128, 255}) {
    const double expected =
        degenerate.at("constant_" + std::to_string(level)).at("retina").get<double>();
    // 1e-6 absolute: the README's tolerance for degenerate values.
    EXPECT_TRUE(tensor_near(retina_of(at::full({64, 64}, level)),
                            at::full({64, 64}, expected, at::kDouble), 1e-6))
        << "level " << level;
  }
}

TEST(V1RetinaTest, TakesImagesSmallerThanItsKernels) {
  // Replicated borders make a 1x1 image a constant one.
  const at::Tensor point = retina_of(at::full({1, 1}, 128));
  EXPECT_TRUE(
      tensor_near(point, retina_of(at::full({40, 40}, 128)).slice(0, 0, 1).slice(1, 0, 1), 1e-6));
  const at::Tensor line = retina_of(at::arange(7).reshape({1, 7}) * 30);
  EXPECT_TRUE(at::isfinite(line).all().item<bool>());
}

TEST(V1RetinaTest, TransposingTheImageTransposesTheResponse) {
  const at::Tensor levels = (at::arange(48 * 33) * 37 % 251).reshape({48, 33});
  // The passes run in another order, so only rounding may differ.
  EXPECT_TRUE(tensor_near(retina_of(levels.t().contiguous()), retina_of(levels).t(), 1e-6));
}

}  // namespace
}  // namespace physprobe
