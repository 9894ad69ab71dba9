#include "physprobe/video/resample.h"

#include "physprobe/core/error.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/video/video_writer.h"

#include "support/golden.h"
#include "support/tensor_near.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "preprocess_golden.h"

namespace physprobe {
namespace {

using testing::preprocess_golden;
using testing::tensor_near;

/// Pillow's algorithm written down once more, value by value, as an independent check of the
/// vectorised passes.
at::Tensor pillow_by_definition(const at::Tensor& image,
                                int64_t n_out,
                                double (*filter)(double),
                                double support) {
  // One horizontal pass over (H, W, C).
  const int64_t n_in = image.size(1);
  const double scale = static_cast<double>(n_in) / static_cast<double>(n_out);
  const double stretch = std::max(scale, 1.0);
  at::Tensor out = at::zeros({image.size(0), n_out, image.size(2)}, at::kByte);
  if (n_in == n_out) return image.clone();
  auto in_view = image.accessor<uint8_t, 3>();
  auto out_view = out.accessor<uint8_t, 3>();
  for (int64_t i = 0; i < n_out; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto low = std::max<int64_t>(0, static_cast<int64_t>(centre - support * stretch + 0.5));
    const auto high =
        std::min<int64_t>(n_in, static_cast<int64_t>(centre + support * stretch + 0.5));
    std::vector<double> weights;
    double sum = 0.0;
    for (int64_t j = low; j < high; ++j) {
      weights.push_back(filter((static_cast<double>(j) - centre + 0.5) / stretch));
      sum += weights.back();
    }
    for (int64_t y = 0; y < image.size(0); ++y) {
      for (int64_t c = 0; c < image.size(2); ++c) {
        int64_t total = int64_t{1} << 21;
        for (int64_t j = low; j < high; ++j) {
          const double w = weights[static_cast<std::size_t>(j - low)] / sum * 4194304.0;
          total += static_cast<int64_t>(w + (w < 0 ? -0.5 : 0.5)) * in_view[y][j][c];
        }
        out_view[y][i][c] =
            static_cast<uint8_t>(std::min<int64_t>(255, std::max<int64_t>(0, total >> 22)));
      }
    }
  }
  return out;
}

double bicubic(double x) {
  x = std::abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return ((-0.5 * x + 2.5) * x - 4) * x + 2;
  return 0;
}

double bilinear(double x) {
  return std::max(0.0, 1.0 - std::abs(x));
}

double lanczos(double x) {
  if (std::abs(x) >= 3.0) return 0.0;
  const auto sinc = [](double t) { return t == 0.0 ? 1.0 : std::sin(M_PI * t) / (M_PI * t); };
  return sinc(x) * sinc(x / 3.0);
}

at::Tensor noise(int64_t height, int64_t width, int64_t channels) {
  at::Tensor image = at::empty({height, width, channels}, at::kByte);
  uint8_t* data = image.data_ptr<uint8_t>();
  uint32_t state = 12345;
  for (int64_t i = 0; i < image.numel(); ++i) {
    state = state * 1664525U + 1013904223U;
    data[i] = static_cast<uint8_t>(state >> 24);
  }
  return image;
}

TEST(Resample, PillowShortSideBytesAreExact) {
  const std::map<std::string, std::pair<int64_t, int64_t>> sizes = {
      {"a", {64, 64 * 143 / 97}}, {"b", {64 * 210 / 75, 64}}, {"c", {64, 64 * 40 / 33}}};
  for (const auto& [name, size] : sizes) {
    const at::Tensor& image = preprocess_golden().at(name + ".rgb");
    // Tolerance 0: Pillow's fixed point is integer arithmetic.
    EXPECT_TRUE(tensor_near(resize_pillow(image, size.first, size.second, ResampleFilter::kBicubic),
                            preprocess_golden().at(name + ".pil_bicubic_short64"), 0.0))
        << name;
    EXPECT_TRUE(
        tensor_near(resize_pillow(image, size.first, size.second, ResampleFilter::kBilinear),
                    preprocess_golden().at(name + ".pil_bilinear_short64"), 0.0))
        << name;
  }
}

TEST(Resample, FloatMatchesTorchWithAndWithoutAntialias) {
  for (const std::string name : {"a", "b", "c"}) {
    const at::Tensor& image = preprocess_golden().at(name + ".rgb");
    // 1e-5: torch computes the weights in float32, we in double (golden/encoders).
    EXPECT_TRUE(tensor_near(resize_float_antialias(image, 56, 56, ResampleFilter::kBicubic),
                            preprocess_golden().at(name + ".float_bicubic_aa_56x56"), 1e-5))
        << name;
    EXPECT_TRUE(tensor_near(resize_float_plain(image, 56, 56, ResampleFilter::kBicubic),
                            preprocess_golden().at(name + ".float_bicubic_noaa_56x56"), 1e-5))
        << name;
  }
}

TEST(Resample, BicubicOvershootIsKeptInFloat) {
  at::Tensor image = at::zeros({8, 8, 1}, at::kByte);
  image.slice(1, 4).fill_(255);
  const at::Tensor out = resize_float_antialias(image, 32, 32, ResampleFilter::kBicubic);
  EXPECT_LT(out.min().item<float>(), -0.01F);
  EXPECT_GT(out.max().item<float>(), 1.01F);
}

TEST(Resample, PillowMatchesTheDefinitionAtAwkwardSizes) {
  struct Kernel {
    ResampleFilter filter;
    double (*value)(double);
    double support;
  };
  for (const Kernel& kernel : {Kernel{ResampleFilter::kBilinear, bilinear, 1.0},
                               Kernel{ResampleFilter::kBicubic, bicubic, 2.0},
                               Kernel{ResampleFilter::kLanczos, lanczos, 3.0}}) {
    for (const auto& [height, width, out_height, out_width, channels] :
         std::vector<std::array<int64_t, 5>>{{17, 23, 5, 41, 3},
                                             {1, 1, 7, 3, 3},
                                             {33, 50, 33, 17, 3},
                                             {40, 16, 13, 16, 1},
                                             {9, 31, 64, 64, 4},
                                             {100, 7, 3, 1, 3}}) {
      const at::Tensor image = noise(height, width, channels);
      const at::Tensor horizontal =
          pillow_by_definition(image, out_width, kernel.value, kernel.support);
      const at::Tensor expected = pillow_by_definition(horizontal.transpose(0, 1).contiguous(),
                                                       out_height, kernel.value, kernel.support)
                                      .transpose(0, 1);
      EXPECT_TRUE(
          tensor_near(resize_pillow(image, out_height, out_width, kernel.filter), expected, 0.0))
          << height << "x" << width << " -> " << out_height << "x" << out_width << ", support "
          << kernel.support;
    }
  }
}

TEST(Resample, EqualSizeIsTheIdentity) {
  const at::Tensor image = noise(19, 37, 3);
  for (const ResampleFilter filter :
       {ResampleFilter::kBilinear, ResampleFilter::kBicubic, ResampleFilter::kLanczos}) {
    EXPECT_TRUE(at::equal(resize_pillow(image, 19, 37, filter), image));
  }
  EXPECT_TRUE(at::equal(resize_float_antialias(image, 19, 37, ResampleFilter::kBicubic),
                        image.permute({2, 0, 1}).to(at::kFloat).div(255)));
}

TEST(Resample, PlainBilinearInterpolatesBetweenNeighbours) {
  at::Tensor image = at::empty({1, 2, 1}, at::kByte);
  image[0][0][0] = 0;
  image[0][1][0] = 255;
  const at::Tensor out = resize_float_plain(image, 1, 4, ResampleFilter::kBilinear);
  // align_corners=False: positions -0.25 (clamped), 0.25, 0.75, 1.25 (clamped).
  EXPECT_TRUE(tensor_near(out.reshape({4}), at::tensor({0.0, 0.25, 0.75, 1.0}, at::kFloat), 1e-7));
}

TEST(Resample, LanczosMatchesStoredMovieFramesWhenPresent) {
  const auto file = testing::beside_project("golden/v1_encoder/resize.safetensors");
  const auto movies = testing::beside_project("media/straightening_movies");
  if (!file.exists || !movies.exists) GTEST_SKIP() << "stimuli are not beside the project";
  const std::map<std::string, at::Tensor> expected = read_safetensors(file.path);
  for (const std::string movie : {"movie1", "movie9"}) {
    const at::Tensor grey = read_image(movies.path + "/" + movie + "/natural01.png").slice(2, 0, 1);
    // Tolerance 0: Pillow's bytes.
    EXPECT_TRUE(tensor_near(resize_pillow(grey, 256, 256, ResampleFilter::kLanczos).squeeze(2),
                            expected.at(movie + ".natural01.lanczos256"), 0.0))
        << movie;
  }
}

TEST(Resample, LanczosWithoutAntialiasIsRefused) {
  try {
    resize_float_plain(noise(4, 4, 3), 2, 2, ResampleFilter::kLanczos);
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  }
}

TEST(Resample, WrongInputsAreRefused) {
  const at::Tensor image = noise(4, 4, 3);
  EXPECT_THROW(resize_pillow(image.to(at::kFloat), 2, 2, ResampleFilter::kBicubic), Error);
  EXPECT_THROW(resize_pillow(image[0], 2, 2, ResampleFilter::kBicubic), Error);
  EXPECT_THROW(resize_pillow(image, 0, 2, ResampleFilter::kBicubic), Error);
  EXPECT_THROW(resize_pillow(image, 2, -1, ResampleFilter::kBicubic), Error);
  EXPECT_THROW(resize_pillow(at::empty({0, 4, 3}, at::kByte), 2, 2, ResampleFilter::kBicubic),
               Error);
}

}  // namespace
}  // namespace physprobe
