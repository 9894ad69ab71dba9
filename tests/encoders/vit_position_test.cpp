#include "physprobe/encoders/vit_position.h"

#include "physprobe/core/safetensors.h"
#include "physprobe/encoders/vit_sincos.h"

#include "support/tensor_near.h"

#include <gtest/gtest.h>

#include "dinov2_golden.h"

namespace physprobe {
namespace {

using testing::dinov2_file;
using testing::tensor_near;

// Rounding of coordinates and of a 16-term sum in float32 on tables of deviation 0.5 (golden
// README).
constexpr double kTolerance = 2e-6;

struct Case {
  const char* model;
  const char* outputs;  ///< "io" or "hfsize"
  int64_t side;
  PositionInterpolation rule;
  int64_t height;
  int64_t width;
};

class VitPosition : public ::testing::TestWithParam<Case> {};

TEST_P(VitPosition, EqualsTheReferenceTable) {
  const Case& entry = GetParam();
  const at::Tensor table =
      read_safetensors(dinov2_file(entry.model, "orig")).at("pos_embed").squeeze(0);
  const std::string size = std::to_string(entry.height) + "x" + std::to_string(entry.width);
  const at::Tensor expected =
      read_safetensors(dinov2_file(entry.model, entry.outputs)).at(size + ".pos_embed").squeeze(0);
  VitConfig config;
  config.width = table.size(1);
  config.table_side = entry.side;
  config.position = entry.rule;
  const at::Tensor rows = resized_positions(config, table, entry.height / 14, entry.width / 14);
  EXPECT_TRUE(tensor_near(rows, expected, kTolerance));
}

constexpr auto kOffset = PositionInterpolation::kOffset;
constexpr auto kSize = PositionInterpolation::kSize;
constexpr auto kAntialias = PositionInterpolation::kSizeAntialias;

INSTANTIATE_TEST_SUITE_P(Golden,
                         VitPosition,
                         ::testing::Values(Case{"dinov2_plain", "io", 6, kOffset, 84, 84},
                                           Case{"dinov2_plain", "io", 6, kOffset, 56, 126},
                                           Case{"dinov2_plain", "io", 6, kOffset, 98, 42},
                                           Case{"dinov2_plain", "io", 6, kOffset, 112, 112},
                                           Case{"dinov2_plain", "io", 6, kOffset, 14, 28},
                                           Case{"dinov2_plain", "hfsize", 6, kSize, 56, 126},
                                           Case{"dinov2_plain", "hfsize", 6, kSize, 112, 112},
                                           Case{"dinov2_reg", "io", 7, kAntialias, 98, 98},
                                           Case{"dinov2_reg", "io", 7, kAntialias, 70, 126},
                                           Case{"dinov2_reg", "io", 7, kAntialias, 42, 28},
                                           Case{"dinov2_swiglu", "io", 3, kOffset, 42, 42},
                                           Case{"dinov2_swiglu", "io", 3, kOffset, 56, 70}));

TEST(VitPositionTest, TableWithoutClassRowIsResizedWhole) {
  VitConfig config;
  config.width = 2;
  config.table_side = 2;
  config.has_class_token = false;
  const at::Tensor table = at::arange(8, at::kFloat).reshape({4, 2});
  EXPECT_TRUE(at::equal(resized_positions(config, table, 2, 2), table));
  const at::Tensor rows = resized_positions(config, table, 3, 5);
  EXPECT_EQ(rows.sizes(), (std::vector<int64_t>{15, 2}));
  // The two channels differ by 1 everywhere, and the weights of every row sum to 1.
  EXPECT_TRUE(tensor_near(rows.select(1, 1) - rows.select(1, 0), at::ones({15}), kTolerance));
}

TEST(VitPositionTest, ConstantTableStaysConstantUnderEveryRule) {
  for (const PositionInterpolation rule : {kOffset, kSize, kAntialias}) {
    VitConfig config;
    config.width = 3;
    config.table_side = 5;
    config.position = rule;
    const at::Tensor rows = resized_positions(config, at::full({26, 3}, 0.25), 2, 9);
    // The kernel's four float32 weights sum to 1 within a few roundings.
    EXPECT_TRUE(tensor_near(rows, at::full({19, 3}, 0.25), 5e-7)) << position_name(rule);
  }
}

TEST(VitPositionTest, ATableInTimeIsResizedAsTorchDoes) {
  VitConfig config;
  config.width = 5;
  config.table_side = 4;
  config.table_steps = 3;
  config.has_class_token = false;
  config.position = PositionInterpolation::kTrilinear;
  const at::Tensor table = at::arange(3 * 16 * 5, at::kFloat).mul(0.7).sin().reshape({48, 5});
  EXPECT_TRUE(at::equal(resized_positions(config, table, 4, 4, 3), table));
  const int64_t sizes[][3] = {{3, 4, 7}, {5, 2, 4}, {1, 4, 4}, {6, 8, 3}};
  for (const auto& [steps, height, width] : sizes) {
    const at::Tensor volume = table.reshape({1, 3, 4, 4, 5}).permute({0, 4, 1, 2, 3});
    const at::Tensor expected =
        at::upsample_trilinear3d(
            volume.contiguous(), {steps, height, width}, false, static_cast<double>(steps) / 3.0,
            static_cast<double>(height) / 4.0, static_cast<double>(width) / 4.0)
            .permute({0, 2, 3, 4, 1})
            .reshape({-1, 5});
    // Weights in float32 there, in double here.
    EXPECT_TRUE(tensor_near(resized_positions(config, table, height, width, steps), expected, 1e-6))
        << steps << "x" << height << "x" << width;
  }
}

TEST(VitPositionTest, AFixedTableIsRecognisedByItsNumbersAlone) {
  for (const bool is_uniform : {true, false}) {
    const at::Tensor table = sincos_positions(8, 3, 3, 24, is_uniform);
    const auto found = recognise_sincos(table.to(at::kHalf).to(at::kFloat).unsqueeze(0));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->steps, 8);
    EXPECT_EQ(found->side, 3);
    EXPECT_EQ(found->is_uniform, is_uniform);
  }
  at::Tensor damaged = sincos_positions(8, 3, 3, 24, true);
  damaged[70][20] += 0.01;
  EXPECT_FALSE(recognise_sincos(damaged).has_value());
  EXPECT_FALSE(recognise_sincos(at::zeros({1, 72, 24})).has_value());
  EXPECT_FALSE(recognise_sincos(at::ones({1, 7, 5})).has_value());
}

}  // namespace
}  // namespace physprobe
