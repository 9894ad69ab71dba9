#include "physprobe/encoders/v1_pyramid.h"

#include "physprobe/core/error.h"
#include "physprobe/core/rng.h"
#include "physprobe/core/safetensors.h"

#include "support/tensor_near.h"

#include <cmath>
#include <thread>

#include "v1_golden.h"

namespace physprobe {
namespace {

using testing::beside_project;
using testing::golden_path;
using testing::tensor_near;

constexpr double kPi = 3.14159265358979323846;

/// `response(radius, angle)` on the golden's half plane: row i is bin i - height/2 + 1, column j
/// bin j.
template <typename Response>
at::Tensor half_plane(int64_t height, int64_t width, const Response& response) {
  at::Tensor out = at::empty({height, width / 2 + 1}, at::kDouble);
  for (int64_t i = 0; i < height; ++i) {
    for (int64_t j = 0; j <= width / 2; ++j) {
      const double x = 2.0 * kPi * static_cast<double>(j) / static_cast<double>(width);
      const double y =
          -2.0 * kPi * static_cast<double>(i - height / 2 + 1) / static_cast<double>(height);
      out.data_ptr<double>()[i * (width / 2 + 1) + j] =
          response(std::hypot(x, y), std::atan2(y, x));
    }
  }
  return out;
}

at::Tensor noise_image(int64_t height, int64_t width) {
  Rng rng(7);
  at::Tensor image = at::empty({height, width}, at::kFloat);
  for (int64_t i = 0; i < image.numel(); ++i)
    image.data_ptr<float>()[i] = static_cast<float>(rng.uniform());
  return image;
}

double energy_of(const at::Tensor& values) {
  return values.to(at::kDouble).square().sum().item<double>();
}

TEST(V1FiltersTest, ResponsesEqualReference) {
  const auto golden = read_safetensors(golden_path("v1_encoder/filters.safetensors"));
  // 2e-6: the reference evaluates them on an fp32 frequency grid.
  EXPECT_TRUE(
      tensor_near(half_plane(64, 64, [](double r, double) { return pyramid_highpass(r / 2.0); }),
                  golden.at("S64.K8.highpass0"), 2e-6));
  EXPECT_TRUE(tensor_near(
      half_plane(64, 64, [](double r, double) { return pyramid_lowpass(r / 2.0) / 2.0; }),
      golden.at("S64.K8.lowpass0"), 2e-6));
  for (int64_t k = 0; k < 8; ++k) {
    const auto band = [k](double r, double t) {
      return pyramid_highpass(r) * orientation_gain(t, k, 8);
    };
    EXPECT_TRUE(tensor_near(half_plane(64, 64, band), golden.at("S64.K8.band0")[k], 2e-6))
        << "orientation " << k;
    EXPECT_TRUE(tensor_near(half_plane(32, 32, band), golden.at("S64.K8.band1")[k], 2e-6))
        << "orientation " << k;
    // The sign matters only where the band passes anything.
    const at::Tensor passes = golden.at("S64.K8.band0")[k].abs() > 1e-6;
    const at::Tensor sign = half_plane(
        64, 64, [k](double, double t) { return static_cast<double>(hilbert_sign(t, k, 8)); });
    EXPECT_TRUE(
        at::equal(sign.masked_select(passes),
                  golden.at("S64.K8.hilbert_sign0")[k].to(at::kDouble).masked_select(passes)))
        << "orientation " << k;
  }
}

TEST(V1FiltersTest, LowpassBetweenLevelsEqualsReference) {
  const at::Tensor golden = read_safetensors(golden_path("v1_encoder/filters.safetensors"))
                                .at("S64.K8.lowpass1_cropped_div4");
  const at::Tensor full =
      half_plane(64, 64, [](double r, double) { return pyramid_lowpass(r) / 4.0; });
  // Rows of the cropped grid are bins -15..16, which lie at rows 16..47 of the full one.
  EXPECT_TRUE(tensor_near(full.slice(0, 16, 48).slice(1, 0, 17), golden, 2e-6));
}

TEST(V1FiltersTest, OrientationsTileTheCircle) {
  for (const int64_t count : {1, 2, 3, 4, 6, 8}) {
    for (double angle = -kPi / 2.0; angle <= kPi / 2.0; angle += 0.01) {
      double sum = 0.0;
      for (int64_t k = 0; k < count; ++k) sum += std::pow(orientation_gain(angle, k, count), 2);
      ASSERT_NEAR(sum, 1.0, 1e-12) << "K = " << count << ", angle " << angle;
    }
  }
}

TEST(V1FiltersTest, RefusesSizesThatCannotBeHalved) {
  try {
    pyramid_filters(64, 72, 4, 8);
    FAIL() << "72 is no multiple of 16";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.message().find("64x72"), std::string::npos) << error.message();
    EXPECT_NE(error.message().find("multiples of 16"), std::string::npos) << error.message();
  }
}

TEST(V1FiltersTest, TablesAreSharedAndSafeToBuildFromSeveralThreads) {
  std::vector<std::shared_ptr<const PyramidFilters>> found(8);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < found.size(); ++i) {
    threads.emplace_back([&found, i] { found[i] = pyramid_filters(32 << (i % 2), 32, 2, 4); });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 2; i < found.size(); ++i) EXPECT_EQ(found[i], found[i % 2]);
  EXPECT_EQ(found[1]->height, 64);
  // More sizes than are kept: an evicted table stays valid for whoever holds it.
  for (int64_t side = 4; side <= 32; side += 4) pyramid_filters(side, side, 2, 4);
  EXPECT_EQ(found[1]->levels.size(), 2U);
}

TEST(V1PyramidTest, ImpulseEqualsReference) {
  const auto golden = read_safetensors(golden_path("v1_encoder/filters.safetensors"));
  at::Tensor image = at::zeros({64, 64});
  image[20][37] = 1.0F;
  const PyramidBands bands = steerable_pyramid(image, *pyramid_filters(64, 64, 3, 4));
  // 1e-6: fp32 transforms of an image of magnitude 1.
  EXPECT_TRUE(tensor_near(bands.highpass, golden.at("impulse64.highpass"), 1e-6));
  EXPECT_TRUE(tensor_near(bands.lowpass, golden.at("impulse64.lowpass"), 1e-6));
  for (std::size_t scale = 0; scale < 3; ++scale) {
    const at::Tensor& expected = golden.at("impulse64.band" + std::to_string(scale));
    EXPECT_TRUE(tensor_near(at::real(bands.bands[scale]), expected[0], 1e-6))
        << "even, scale " << scale;
    EXPECT_TRUE(tensor_near(at::imag(bands.bands[scale]), expected[1], 1e-6))
        << "odd, scale " << scale;
  }
}

TEST(V1PyramidTest, IsATightFrame) {
  // The last case ends on an odd 3x5 grid, where the lowpass keeps the bins on both sides of zero.
  for (const auto& size :
       std::vector<std::array<int64_t, 3>>{{64, 64, 4}, {48, 80, 3}, {24, 40, 3}}) {
    const at::Tensor image = noise_image(size[0], size[1]);
    const PyramidBands bands =
        steerable_pyramid(image, *pyramid_filters(size[0], size[1], size[2], 6));
    double energy = energy_of(bands.highpass) + energy_of(bands.lowpass);
    for (const at::Tensor& band : bands.bands) energy += energy_of(at::real(band));
    // Six significant digits are what fp32 transforms leave.
    EXPECT_NEAR(energy / energy_of(image), 1.0, 1e-6) << size[0] << "x" << size[1];
  }
}

TEST(V1PyramidTest, EnergyIsEvenSquaredPlusOddSquared) {
  const auto filters = pyramid_filters(32, 48, 3, 5);
  const at::Tensor image = noise_image(32, 48);
  at::Tensor energy = at::empty({pyramid_energy_size(*filters)});
  pyramid_energy(image, *filters, energy.data_ptr<float>());
  std::vector<at::Tensor> expected;
  for (const at::Tensor& band : steerable_pyramid(image, *filters).bands) {
    expected.push_back((at::real(band).square() + at::imag(band).square()).reshape({-1}));
  }
  EXPECT_TRUE(tensor_near(energy, at::cat(expected), 0.0, 1e-6));
}

TEST(V1PyramidTest, FirstOrientationAnswersToVerticalEdges) {
  at::Tensor stripes = at::zeros({32, 32});
  stripes.slice(1, 0, 32, 4).fill_(1.0F);
  const PyramidBands bands = steerable_pyramid(stripes, *pyramid_filters(32, 32, 2, 4));
  const double vertical = at::real(bands.bands[0][0]).square().sum().item<double>();
  const double horizontal = at::real(bands.bands[0][2]).square().sum().item<double>();
  EXPECT_GT(vertical, 1.0);
  EXPECT_LT(horizontal, 1e-9);
}

TEST(V1PyramidTest, StimulusCropEqualsReference) {
  const auto beside = beside_project("golden/v1_encoder/crop64.safetensors");
  if (!beside.exists)
    GTEST_SKIP() << "stimulus crops are not beside this checkout: " << beside.path;
  const auto golden = read_safetensors(beside.path);
  const PyramidBands bands =
      steerable_pyramid(golden.at("crop64.retina")[0].contiguous(), *pyramid_filters(64, 64, 4, 8));
  // 2e-6 for bands and highpass; 1e-5 for the lowpass, whose values are 2^N times larger.
  EXPECT_TRUE(tensor_near(bands.highpass, golden.at("crop64.frame0.highpass"), 2e-6));
  EXPECT_TRUE(tensor_near(bands.lowpass, golden.at("crop64.frame0.lowpass"), 1e-5));
  for (std::size_t scale = 0; scale < 4; ++scale) {
    const at::Tensor& expected = golden.at("crop64.frame0.band" + std::to_string(scale));
    EXPECT_TRUE(tensor_near(at::real(bands.bands[scale]), expected[0], 2e-6))
        << "even, scale " << scale;
    EXPECT_TRUE(tensor_near(at::imag(bands.bands[scale]), expected[1], 2e-6))
        << "odd, scale " << scale;
  }
}

TEST(V1PyramidTest, RectanglesEqualTheIndependentImplementation) {
  const auto beside = beside_project("golden/v1_encoder/rect.safetensors");
  if (!beside.exists)
    GTEST_SKIP() << "stimulus crops are not beside this checkout: " << beside.path;
  const auto golden = read_safetensors(beside.path);
  for (const auto& name : {std::string("rect48x80"), std::string("rect96x64")}) {
    const at::Tensor retina = golden.at(name + ".retina")[0].contiguous();
    const bool is_wide = name == "rect48x80";
    const auto filters =
        pyramid_filters(retina.size(0), retina.size(1), is_wide ? 3 : 4, is_wide ? 4 : 3);
    const PyramidBands bands = steerable_pyramid(retina, *filters);
    EXPECT_TRUE(tensor_near(bands.highpass, golden.at(name + ".frame0.highpass"), 2e-6)) << name;
    EXPECT_TRUE(tensor_near(bands.lowpass, golden.at(name + ".frame0.lowpass"), 1e-5)) << name;
  }
}

}  // namespace
}  // namespace physprobe
