// The products and linear layers of the transformer against double arithmetic, in shapes that are
// no multiple of any vector or panel.

#include "physprobe/encoders/vit_linear.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/core/rng.h"

#include "support/tensor_near.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace physprobe {
namespace {

using testing::tensor_near;

at::Tensor drawn(at::IntArrayRef shape, uint64_t seed) {
  at::Tensor values = at::empty(shape, at::kFloat);
  Rng rng(seed);
  for (int64_t i = 0; i < values.numel(); ++i) {
    values.data_ptr<float>()[i] = static_cast<float>(rng.uniform() - 0.5);
  }
  return values;
}

MatrixView view(const at::Tensor& matrix) {
  return {matrix.data_ptr<float>(), matrix.size(0), matrix.size(1), matrix.stride(0)};
}

// Sums of at most 700 products below 1/4: float32 rounding stays below 1e-4 by a wide margin.
constexpr double kProductTolerance = 1e-4;

TEST(VitGemmTest, ProductsEqualDoubleArithmetic) {
  const at::Tensor a = drawn({37, 61}, 1);
  const at::Tensor b = drawn({61, 45}, 2);
  const at::Tensor out = at::full({37, 45}, 7.0, at::kFloat);
  const at::Tensor expected = at::matmul(a.to(at::kDouble), b.to(at::kDouble)) * 0.25;
  parallel_for(1, 1,
               [&](int64_t) { multiply(view(a), view(b), 0.25F, out.data_ptr<float>(), 45); });
  EXPECT_TRUE(tensor_near(out, expected, kProductTolerance));
  const at::Tensor transposed = b.t().contiguous();
  out.fill_(7.0);
  parallel_for(1, 1, [&](int64_t) {
    multiply_transposed(view(a), view(transposed), 0.25F, out.data_ptr<float>(), 45);
  });
  EXPECT_TRUE(tensor_near(out, expected, kProductTolerance));
}

TEST(VitGemmTest, PartsOfLargerBuffersAreReadAndWrittenInPlace) {
  const at::Tensor a = drawn({10, 30}, 3);
  const at::Tensor b = drawn({20, 30}, 4);
  const at::Tensor out = at::full({10, 50}, 7.0, at::kFloat);
  const MatrixView left = {a.data_ptr<float>() + 5, 10, 12, 30};
  const MatrixView right = {b.data_ptr<float>() + 9, 20, 12, 30};
  parallel_for(1, 1, [&](int64_t) {
    multiply_transposed(left, right, 1.0F, out.data_ptr<float>() + 8, 50);
  });
  const at::Tensor expected =
      at::matmul(a.narrow(1, 5, 12).to(at::kDouble), b.narrow(1, 9, 12).to(at::kDouble).t());
  EXPECT_TRUE(tensor_near(out.narrow(1, 8, 20), expected, kProductTolerance));
  EXPECT_TRUE(at::equal(out.narrow(1, 0, 8), at::full({10, 8}, 7.0, at::kFloat)));
  EXPECT_TRUE(at::equal(out.narrow(1, 28, 22), at::full({10, 22}, 7.0, at::kFloat)));
}

TEST(VitGemmTest, TheLibraryIsChosenByNameAndUnknownNamesAreRefused) {
  EXPECT_EQ(product_library_for("blas"), "BLAS");
  EXPECT_FALSE(product_library_for("").empty());
  try {
    product_library_for("mkl");
    FAIL() << "mkl was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find("onednn, blas"), std::string::npos) << error.what();
  }
}

TEST(VitLinearTest, EveryPanelOfAWideLayerIsMultiplied) {
  for (const int64_t outputs : {1, 36, 384, 385, 1152, 1300}) {
    const at::Tensor weight = drawn({outputs, 7, 100}, 5);
    const at::Tensor bias = drawn({outputs}, 6);
    const at::Tensor x = drawn({9, 700}, 7);
    const VitLinear linear(weight, bias);
    EXPECT_EQ(linear.inputs(), 700);
    EXPECT_EQ(linear.outputs(), outputs);
    EXPECT_EQ(linear.bias()[outputs - 1], bias[outputs - 1].item<float>());
    const at::Tensor out = at::empty({9, outputs}, at::kFloat);
    parallel_for(1, 1,
                 [&](int64_t) { linear.apply(x.data_ptr<float>(), 9, out.data_ptr<float>()); });
    const at::Tensor expected =
        at::matmul(x.to(at::kDouble), weight.reshape({outputs, 700}).to(at::kDouble).t());
    EXPECT_TRUE(tensor_near(out, expected, kProductTolerance)) << outputs;
  }
}

/// To the nearest float16, ties to even; exact for every double below 65504.
double rounded_to_half(double value) {
  if (value == 0.0) return value;
  constexpr int kMantissa = 10;
  constexpr int kLowestExponent = -14;
  const double unit = std::ldexp(1.0, std::max(std::ilogb(value), kLowestExponent) - kMantissa);
  return std::nearbyint(value / unit) * unit;
}

/// One output as vit_half.h states it. A product of two float16 and a float16 sum of like size are
/// exact in double, so that rounding their sum is a fused multiply-add.
float half_dot(const float* x, const float* weight, int64_t count) {
  float sum = 0.0F;
  for (int64_t first = 0; first < count; first += kHalfChunk) {
    double part = 0.0;
    for (int64_t i = first; i < std::min(first + kHalfChunk, count); ++i) {
      part = rounded_to_half(part + rounded_to_half(static_cast<double>(x[i])) *
                                        rounded_to_half(static_cast<double>(weight[i])));
    }
    sum += static_cast<float>(part);
  }
  return sum;
}

TEST(VitHalfTest, ProductsAreThoseStated) {
  if (!has_half_products()) GTEST_SKIP() << "this processor or build has no float16 products";
  for (const int64_t inputs : {int64_t{1}, int64_t{70}, int64_t{1100}}) {  // 1100: two blocks
    for (const int64_t outputs : {int64_t{1}, int64_t{64}, int64_t{97}}) {
      for (const int64_t rows : {int64_t{1}, int64_t{12}, int64_t{29}, int64_t{270}}) {
        const at::Tensor weight = drawn({outputs, inputs}, 8);
        const at::Tensor x = drawn({rows, inputs}, 9);
        const at::Tensor out = at::full({rows, outputs}, 7.0, at::kFloat);
        HalfMatrix(weight).multiply(x.data_ptr<float>(), rows, out.data_ptr<float>());
        for (const int64_t row : {int64_t{0}, rows / 2, rows - 1}) {
          for (int64_t column = outputs - 1; column >= 0; column -= 5) {
            ASSERT_EQ(out.data_ptr<float>()[row * outputs + column],
                      half_dot(x.data_ptr<float>() + row * inputs,
                               weight.data_ptr<float>() + column * inputs, inputs))
                << inputs << " inputs, row " << row << " of " << rows << ", output " << column;
          }
        }
      }
    }
  }
}

TEST(VitHalfTest, WeightsBeyondItsRangeAndProcessorsWithoutItAreRefused) {
  at::Tensor weight = at::ones({3, 4}, at::kFloat);
  if (!has_half_products()) {
    try {
      HalfMatrix refused(weight);
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_NE(std::string(error.what()).find("AVX512-FP16"), std::string::npos) << error.what();
    }
    return;
  }
  weight[2][1] = 65504.0F;
  EXPECT_NO_THROW(HalfMatrix{weight});
  weight[2][1] = 65520.0F;
  try {
    HalfMatrix refused(weight);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kIncompatible);
    EXPECT_NE(std::string(error.what()).find("65504"), std::string::npos) << error.what();
  }
}

TEST(VitHalfTest, InputsBeyondItsRangeBecomeInfinite) {
  if (!has_half_products()) GTEST_SKIP() << "this processor or build has no float16 products";
  const float x[2] = {1e6F, 1.0F};
  float out = 0.0F;
  HalfMatrix(at::ones({1, 2}, at::kFloat)).multiply(x, 1, &out);
  EXPECT_EQ(out, std::numeric_limits<float>::infinity());
}

}  // namespace
}  // namespace physprobe
