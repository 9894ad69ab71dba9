// The products and linear layers of the transformer against double arithmetic, in shapes that are
// no multiple of any vector or panel.

#include "physprobe/encoders/vit_linear.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/core/rng.h"

#include "support/tensor_near.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

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
constexpr double kTolerance = 1e-4;

TEST(VitGemmTest, ProductsEqualDoubleArithmetic) {
  const at::Tensor a = drawn({37, 61}, 1);
  const at::Tensor b = drawn({61, 45}, 2);
  const at::Tensor out = at::full({37, 45}, 7.0, at::kFloat);
  const at::Tensor expected = at::matmul(a.to(at::kDouble), b.to(at::kDouble)) * 0.25;
  parallel_for(1, 1,
               [&](int64_t) { multiply(view(a), view(b), 0.25F, out.data_ptr<float>(), 45); });
  EXPECT_TRUE(tensor_near(out, expected, kTolerance));
  const at::Tensor transposed = b.t().contiguous();
  out.fill_(7.0);
  parallel_for(1, 1, [&](int64_t) {
    multiply_transposed(view(a), view(transposed), 0.25F, out.data_ptr<float>(), 45);
  });
  EXPECT_TRUE(tensor_near(out, expected, kTolerance));
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
  EXPECT_TRUE(tensor_near(out.narrow(1, 8, 20), expected, kTolerance));
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
    EXPECT_TRUE(tensor_near(out, expected, kTolerance)) << outputs;
  }
}

}  // namespace
}  // namespace physprobe
