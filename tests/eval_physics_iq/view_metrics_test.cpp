#include "physprobe/eval/physics_iq/view_metrics.h"

#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

using testing::golden_path;

MaskStack stack_of(const at::Tensor& masks) {
  MaskStack stack(masks.size(1), masks.size(2));
  for (int64_t t = 0; t < masks.size(0); ++t)
    stack.append(masks[t].contiguous().data_ptr<uint8_t>());
  return stack;
}

std::vector<double> mse_of(const at::Tensor& a, const at::Tensor& b) {
  std::vector<double> values;
  for (int64_t t = 0; t < a.size(0); ++t)
    values.push_back(frame_mse(a[t].contiguous().data_ptr<uint8_t>(),
                               b[t].contiguous().data_ptr<uint8_t>(), a[t].numel()));
  return values;
}

void expect_list(const std::vector<double>& actual,
                 const nlohmann::json& expected,
                 double absolute,
                 double relative) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double want = expected[i].get<double>();
    EXPECT_NEAR(actual[i], want, absolute + relative * std::abs(want)) << "frame " << i;
  }
}

TEST(PhysicsIqViewMetrics, EveryGoldenCase) {
  const auto arrays = read_safetensors(golden_path("physics_iq/metric_arrays.safetensors"));
  const nlohmann::json expected = read_json(golden_path("physics_iq/metric_arrays_expected.json"));
  EXPECT_EQ(expected.size(), 7U);
  for (const auto& [name, want] : expected.items()) {
    SCOPED_TRACE(name);
    const MaskStack m1 = stack_of(arrays.at(name + ".mask_v1"));
    const MaskStack m2 = stack_of(arrays.at(name + ".mask_v2"));
    const MaskStack mg = stack_of(arrays.at(name + ".mask_generated"));
    // IoUs are ratios of integers on both sides; 1e-12 leaves room for the reference's sums of
    // fractions.
    constexpr double kIou = 1e-12;
    expect_list(spatiotemporal_iou(m1, mg), want.at("spatiotemporal_iou_v1"), kIou, 0);
    expect_list(spatiotemporal_iou(m2, mg), want.at("spatiotemporal_iou_v2"), kIou, 0);
    expect_list(spatiotemporal_iou(m1, m2), want.at("variance_spatiotemporal_iou"), kIou, 0);
    EXPECT_NEAR(spatial_iou(m1, mg), want.at("spatial_iou_v1").get<double>(), kIou);
    EXPECT_NEAR(spatial_iou(m2, mg), want.at("spatial_iou_v2").get<double>(), kIou);
    EXPECT_NEAR(spatial_iou(m1, m2), want.at("variance_spatial").get<double>(), kIou);
    EXPECT_NEAR(weighted_spatial_iou(m1, mg), want.at("weighted_spatial_iou_v1").get<double>(),
                kIou);
    EXPECT_NEAR(weighted_spatial_iou(m2, mg), want.at("weighted_spatial_iou_v2").get<double>(),
                kIou);
    EXPECT_NEAR(weighted_spatial_iou(m1, m2), want.at("variance_weighted_spatial").get<double>(),
                kIou);
    const at::Tensor& v1 = arrays.at(name + ".real_v1");
    const at::Tensor& v2 = arrays.at(name + ".real_v2");
    const at::Tensor& vg = arrays.at(name + ".generated");
    // The reference averages in float32: 3e-7 relative was measured, 1e-6 is the stated tolerance.
    expect_list(mse_of(v1, vg), want.at("v1_mse"), 0, 1e-6);
    expect_list(mse_of(v2, vg), want.at("v2_mse"), 0, 1e-6);
    expect_list(mse_of(v1, v2), want.at("variance_mse"), 0, 1e-6);
  }
}

TEST(PhysicsIqViewMetrics, StacksOfOtherShapesAreRefused) {
  MaskStack a(4, 5);
  MaskStack b(4, 5);
  const std::vector<uint8_t> pixels(20, 1);
  a.append(pixels.data());
  EXPECT_THROW(spatial_iou(a, b), Error);
  EXPECT_THROW(spatial_iou(a, MaskStack(5, 4)), Error);
}

TEST(PhysicsIqMaskStack, BytesAndBack) {
  MaskStack stack(5, 13);  // 65 pixels: the last word holds one
  std::vector<uint8_t> mask(65, 0);
  mask[0] = 128;
  mask[64] = 200;
  mask[7] = 127;
  stack.append(mask.data(), 127);
  stack.append(std::vector<uint8_t>(65, 255).data());
  const MaskStack back = MaskStack::deserialise(stack.serialise(), "file");
  EXPECT_EQ(back.frames(), 2);
  EXPECT_EQ(back.area(0), 2);
  EXPECT_EQ(back.area(1), 65);
  EXPECT_TRUE(back.at(0, 4, 12));
  EXPECT_FALSE(back.at(0, 0, 7));
  EXPECT_EQ(back.counts()[64], 2);
  EXPECT_EQ(stack.delayed(1).area(0), 0);
  EXPECT_EQ(stack.delayed(1).area(1), 2);
  EXPECT_EQ(stack.first(1).frames(), 1);
  const std::string bytes = stack.serialise();
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, bytes.size() - 1})
    EXPECT_THROW(MaskStack::deserialise(bytes.substr(0, size), "file"), Error) << size;
}

}  // namespace
}  // namespace physprobe
