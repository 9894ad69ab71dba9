#include "physprobe/encoders/vit_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace physprobe {
namespace {

// Widths around the vector length of 16 and the double lanes of 8.
const std::vector<int64_t> kWidths = {1, 7, 8, 15, 16, 17, 36, 257};

/// Smooth values of both signs, about -6 to 6.
std::vector<float> waves(int64_t count, double frequency) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>(6.0 * std::sin(frequency * static_cast<double>(i) + 0.3)));
  }
  return values;
}

class VitKernelsTest : public ::testing::TestWithParam<VectorUnit> {
 protected:
  void SetUp() override {
    if (vit_kernels_for(GetParam()) == nullptr) GTEST_SKIP() << "this CPU lacks the vector unit";
  }
  const VitKernels& kernels() const { return *vit_kernels_for(GetParam()); }
};

double exact_gelu(double v) {
  return 0.5 * v * std::erfc(-v / std::sqrt(2.0));
}

TEST_P(VitKernelsTest, GeluIsTheExactFormEverywhere) {
  const float no_bias = 0.0F;
  for (double x = -40.0; x <= 40.0; x += 1e-3) {
    auto value = static_cast<float>(x);
    const double expected = exact_gelu(static_cast<double>(value));
    kernels().bias_gelu_rows(&value, &no_bias, 1, 1);
    ASSERT_NEAR(value, expected, 4e-7 * std::max(1.0, std::abs(x))) << x;
  }
}

TEST_P(VitKernelsTest, GeluAddsTheBiasOnEveryRowAndWidth) {
  for (const int64_t width : kWidths) {
    std::vector<float> x = waves(3 * width, 0.7);
    const std::vector<float> before = x;
    const std::vector<float> bias = waves(width, 1.3);
    kernels().bias_gelu_rows(x.data(), bias.data(), 3, width);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double v = static_cast<double>(before[i]) +
                       static_cast<double>(bias[i % static_cast<std::size_t>(width)]);
      ASSERT_NEAR(x[i], exact_gelu(v), 5e-6) << width << " at " << i;
    }
  }
}

TEST_P(VitKernelsTest, SwigluGatesTheSecondHalfByTheFirst) {
  for (const int64_t hidden : kWidths) {
    const std::vector<float> x = waves(2 * 2 * hidden, 0.9);
    const std::vector<float> bias = waves(2 * hidden, 0.4);
    std::vector<float> out(static_cast<std::size_t>(2 * hidden));
    kernels().bias_swiglu_rows(x.data(), bias.data(), 2, hidden, out.data());
    for (int64_t row = 0; row < 2; ++row) {
      for (int64_t i = 0; i < hidden; ++i) {
        const auto at = [&](int64_t column) {
          return static_cast<double>(x[static_cast<std::size_t>(row * 2 * hidden + column)]) +
                 static_cast<double>(bias[static_cast<std::size_t>(column)]);
        };
        const double expected = at(i) / (1.0 + std::exp(-at(i))) * at(hidden + i);
        ASSERT_NEAR(out[static_cast<std::size_t>(row * hidden + i)], expected, 2e-5) << hidden;
      }
    }
  }
}

TEST_P(VitKernelsTest, SwigluIsFiniteForExtremeGates) {
  for (const float gate : {-1e30F, -200.0F, 200.0F, 1e30F}) {
    const std::vector<float> x = {gate, 1.0F};
    const std::vector<float> bias = {0.0F, 0.0F};
    float out = -1.0F;
    kernels().bias_swiglu_rows(x.data(), bias.data(), 1, 1, &out);
    EXPECT_NEAR(out, std::max(gate, 0.0F), 1e-7F * std::abs(gate)) << gate;
  }
}

TEST_P(VitKernelsTest, SoftmaxEqualsTheDefinitionInDouble) {
  for (const int64_t width : kWidths) {
    const int64_t stride = (width + 15) / 16 * 16;
    std::vector<float> x = waves(3 * stride, 2.1);
    const std::vector<float> before = x;
    kernels().softmax_rows(x.data(), 3, width, stride);
    for (int64_t row = 0; row < 3; ++row) {
      double sum = 0.0;
      for (int64_t i = 0; i < width; ++i) {
        sum += std::exp(static_cast<double>(before[static_cast<std::size_t>(row * stride + i)]));
      }
      for (int64_t i = 0; i < width; ++i) {
        const auto at = static_cast<std::size_t>(row * stride + i);
        const double expected = std::exp(static_cast<double>(before[at])) / sum;
        ASSERT_NEAR(x[at], expected, 2e-6 * expected) << width;
      }
    }
  }
}

TEST_P(VitKernelsTest, SoftmaxSurvivesLargeScores) {
  std::vector<float> x(32, -1e30F);
  x[3] = 3e38F;
  kernels().softmax_rows(x.data(), 2, 16, 16);
  EXPECT_EQ(x[3], 1.0F);
  EXPECT_NEAR(x[4], 0.0F, 1e-30F);
  EXPECT_EQ(x[16], 1.0F / 16.0F);  // all equal: e^0 each
}

TEST_P(VitKernelsTest, LayerNormUsesTheBiasedVariance) {
  for (const int64_t width : kWidths) {
    const std::vector<float> x = waves(2 * width, 0.35);
    const std::vector<float> weight = waves(width, 0.8);
    const std::vector<float> bias = waves(width, 1.9);
    std::vector<float> out(x.size());
    kernels().layer_norm_rows(x.data(), weight.data(), bias.data(), 1e-6, 2, width, out.data());
    for (int64_t row = 0; row < 2; ++row) {
      const float* values = x.data() + row * width;
      double mean = 0.0;
      double variance = 0.0;
      for (int64_t i = 0; i < width; ++i) mean += static_cast<double>(values[i]);
      mean /= static_cast<double>(width);
      for (int64_t i = 0; i < width; ++i) {
        variance += std::pow(static_cast<double>(values[i]) - mean, 2.0);
      }
      variance /= static_cast<double>(width);
      for (int64_t i = 0; i < width; ++i) {
        const auto c = static_cast<std::size_t>(i);
        const double expected = (static_cast<double>(values[i]) - mean) /
                                    std::sqrt(variance + 1e-6) * static_cast<double>(weight[c]) +
                                static_cast<double>(bias[c]);
        ASSERT_NEAR(out[static_cast<std::size_t>(row * width + i)], expected, 1e-5) << width;
      }
    }
  }
}

TEST_P(VitKernelsTest, LayerNormInPlaceGivesTheSameBits) {
  std::vector<float> x = waves(2 * 36, 0.35);
  const std::vector<float> weight = waves(36, 0.8);
  std::vector<float> out(x.size());
  kernels().layer_norm_rows(x.data(), weight.data(), weight.data(), 1e-6, 2, 36, out.data());
  kernels().layer_norm_rows(x.data(), weight.data(), weight.data(), 1e-6, 2, 36, x.data());
  EXPECT_EQ(x, out);
}

TEST_P(VitKernelsTest, ResidualScalesUpdateAndBiasTogether) {
  std::vector<float> plain = {1.0F, 2.0F, 3.0F, 4.0F};
  std::vector<float> scaled = plain;
  const std::vector<float> update = {10.0F, 20.0F, 30.0F, 40.0F};
  const std::vector<float> bias = {1.0F, 2.0F};
  const std::vector<float> scale = {0.5F, -1.0F};
  kernels().add_residual_rows(plain.data(), update.data(), bias.data(), nullptr, 2, 2);
  EXPECT_EQ(plain, (std::vector<float>{12.0F, 24.0F, 34.0F, 46.0F}));
  kernels().add_residual_rows(scaled.data(), update.data(), bias.data(), scale.data(), 2, 2);
  EXPECT_EQ(scaled, (std::vector<float>{6.5F, -20.0F, 18.5F, -38.0F}));
}

TEST_P(VitKernelsTest, BiasIsAddedToEveryRow) {
  std::vector<float> x = {1.0F, 2.0F, 3.0F, 4.0F};
  const std::vector<float> bias = {0.5F, -1.0F};
  kernels().add_bias_rows(x.data(), bias.data(), 2, 2);
  EXPECT_EQ(x, (std::vector<float>{1.5F, 1.0F, 3.5F, 3.0F}));
}

TEST_P(VitKernelsTest, PairsTurnWithTheirPartnersAndTheRestStays) {
  constexpr int64_t kHeads = 3;
  for (const int64_t first : {0, 5}) {
    for (const int64_t count : {2, 10, 16, 18, 40}) {
      const int64_t head_width = first + count + 1;
      std::vector<float> x = waves(kHeads * head_width, 0.7);
      const std::vector<float> before = x;
      const std::vector<float> sine = waves(head_width, 1.1);
      const std::vector<float> cosine = waves(head_width, 0.2);
      kernels().rotate_pairs(x.data(), sine.data(), cosine.data(), kHeads, head_width, first,
                             count);
      for (int64_t i = 0; i < kHeads * head_width; ++i) {
        const int64_t channel = i % head_width;
        const int64_t in_pair = (channel - first) % 2 == 0 ? i + 1 : i - 1;
        const bool is_turned = channel >= first && channel < first + count;
        const auto own = static_cast<double>(before[static_cast<std::size_t>(i)]);
        double expected = own;
        if (is_turned) {
          expected = own * static_cast<double>(cosine[static_cast<std::size_t>(channel)]) +
                     static_cast<double>(before[static_cast<std::size_t>(in_pair)]) *
                         static_cast<double>(sine[static_cast<std::size_t>(channel)]);
        }
        // Two products of numbers up to 6, in float32.
        ASSERT_NEAR(x[static_cast<std::size_t>(i)], expected, 1e-5) << count << " at " << i;
      }
    }
  }
}

TEST_P(VitKernelsTest, ARowHasTheSameBitsInEveryPlace) {
  constexpr int64_t kWidth = 261;
  constexpr int64_t kStride = 272;
  constexpr int64_t kRows = 5;
  const std::vector<float> row = waves(kStride, 0.61);
  const std::vector<float> bias = waves(kStride, 0.17);
  std::vector<float> rows;
  for (int64_t i = 0; i < kRows; ++i) rows.insert(rows.end(), row.begin(), row.end());
  const auto expect_equal_rows = [&](const std::vector<float>& values, const char* what) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(values[i], values[i % static_cast<std::size_t>(kStride)]) << what << " at " << i;
    }
  };
  std::vector<float> out(rows.size());
  kernels().layer_norm_rows(rows.data(), bias.data(), bias.data(), 1e-6, kRows, kStride,
                            out.data());
  expect_equal_rows(out, "layer norm");
  std::vector<float> activated = rows;
  kernels().bias_gelu_rows(activated.data(), bias.data(), kRows, kStride);
  expect_equal_rows(activated, "GELU");
  std::vector<float> weights = rows;
  kernels().softmax_rows(weights.data(), kRows, kWidth, kStride);
  expect_equal_rows(weights, "softmax");
}

INSTANTIATE_TEST_SUITE_P(Units,
                         VitKernelsTest,
                         ::testing::Values(VectorUnit::kBaseline,
                                           VectorUnit::kAvx2,
                                           VectorUnit::kAvx512),
                         [](const ::testing::TestParamInfo<VectorUnit>& unit) {
                           return std::string(vector_unit_name(unit.param));
                         });

}  // namespace
}  // namespace physprobe
