#include "physprobe/eval/physics_iq/view_metrics.h"

#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/eval/physics_iq/frame_resize.h"
#include "physprobe/eval/physics_iq/motion_kernels.h"

#include "support/golden.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/randint.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

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

TEST(PhysicsIqMotionKernels, EveryVariantComputesTheSameBits) {
#ifdef __x86_64__
  EXPECT_STRNE(motion_kernels().name, "");
#endif
  at::manual_seed(3);
  const int64_t count = 100'003;  // longer than a block, no multiple of a vector
  const at::Tensor a = at::randint(0, 256, {count}, at::kByte);
  const at::Tensor b = at::randint(0, 256, {count}, at::kByte);
  const int64_t want = (a.to(at::kLong) - b.to(at::kLong)).square().sum().item<int64_t>();
  for (const MotionKernels* kernels : {&motion_kernels(), &motion_kernels_baseline()}) {
    EXPECT_EQ(kernels->squared_difference(a.data_ptr<uint8_t>(), b.data_ptr<uint8_t>(), count),
              want)
        << kernels->name;
  }
  std::vector<double> background1(static_cast<std::size_t>(count), 100.0);
  std::vector<double> background2 = background1;
  // All at once, and frame by frame with the plain loops.
  const std::vector<const uint8_t*> greys = {a.data_ptr<uint8_t>(), b.data_ptr<uint8_t>(),
                                             a.data_ptr<uint8_t>()};
  const auto words = static_cast<std::size_t>(count / 64 + 1);
  std::vector<std::vector<uint64_t>> fired1(greys.size(), std::vector<uint64_t>(words));
  const std::vector<uint64_t*> outputs = {fired1[0].data(), fired1[1].data(), fired1[2].data()};
  motion_kernels().update_background(greys.data(), 3, count, 10, background1.data(),
                                     outputs.data());
  for (std::size_t t = 0; t < greys.size(); ++t) {
    std::vector<uint64_t> fired2(words);
    uint64_t* const output = fired2.data();
    motion_kernels_baseline().update_background(&greys[t], 1, count, 10, background2.data(),
                                                &output);
    EXPECT_EQ(fired1[t], fired2) << t;
  }
  EXPECT_EQ(background1, background2);
  // Every residue of a vector, at the end of the memory that belongs to the row.
  for (int64_t width = 1; width < 200; ++width) {
    const std::vector<uint8_t> row(a.data_ptr<uint8_t>(), a.data_ptr<uint8_t>() + 3 * width);
    std::vector<uint8_t> grey1(static_cast<std::size_t>(width));
    std::vector<uint8_t> grey2 = grey1;
    motion_kernels().grey_row(row.data(), width, grey1.data());
    motion_kernels_baseline().grey_row(row.data(), width, grey2.data());
    ASSERT_EQ(grey1, grey2) << width;
    std::vector<uint8_t> lower(row.rbegin(), row.rend());
    lower.resize(row.size() / 12 * 12);
    const std::vector<uint8_t> upper(row.begin(),
                                     row.begin() + static_cast<std::ptrdiff_t>(lower.size()));
    std::vector<uint8_t> small1(lower.size() / 4);
    std::vector<uint8_t> small2 = small1;
    motion_kernels().quarter_row(upper.data(), lower.data(), width / 4, small1.data());
    motion_kernels_baseline().quarter_row(upper.data(), lower.data(), width / 4, small2.data());
    ASSERT_EQ(small1, small2) << width;
    const auto padded = static_cast<std::size_t>(width + 4);
    std::vector<std::vector<uint8_t>> five(5, std::vector<uint8_t>(padded));
    for (std::size_t i = 0; i < 5 * padded; ++i)
      five[i / padded][i % padded] = b.data_ptr<uint8_t>()[i];
    const uint8_t* const rows[5] = {five[0].data(), five[1].data(), five[2].data(), five[3].data(),
                                    five[4].data()};
    std::vector<uint16_t> sums(padded);
    motion_kernels().blur_row(rows, width, sums.data(), grey1.data());
    motion_kernels_baseline().blur_row(rows, width, sums.data(), grey2.data());
    ASSERT_EQ(grey1, grey2) << width;
  }
}

TEST(PhysicsIqFrameResize, BandsOfRowsGiveTheBytesOfTheWholeFrame) {
  at::manual_seed(4);
  // By four exactly, and not; the last one enlarges.
  for (const auto& [height, width, out_height, out_width] : {std::array<int64_t, 4>{48, 64, 12, 16},
                                                             {48, 20, 12, 5},
                                                             {8, 4, 2, 1},
                                                             {50, 66, 12, 16},
                                                             {24, 32, 48, 64}}) {
    const at::Tensor frame = at::randint(0, 256, {height, width, 3}, at::kByte);
    std::vector<uint8_t> want(static_cast<std::size_t>(out_height * out_width * 3));
    resize_for_metrics(frame.data_ptr<uint8_t>(), height, width, 3, want.data(), out_height,
                       out_width);
    FrameShrinker shrinker(height, width, out_height, out_width);
    for (int64_t top = 0; top < height; top += 8)
      shrinker.push_rows(frame.data_ptr<uint8_t>() + top * width * 3, width * 3, top,
                         std::min<int64_t>(8, height - top));
    EXPECT_EQ(std::vector<uint8_t>(shrinker.frame(), shrinker.frame() + want.size()), want)
        << height << "x" << width;
  }
}

}  // namespace
}  // namespace physprobe
