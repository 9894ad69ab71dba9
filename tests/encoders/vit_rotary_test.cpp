// V-JEPA's rotary codes against their definitions written down in double, one pair at a time.

#include "physprobe/encoders/vit_rotary.h"

#include "support/tensor_near.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace physprobe {
namespace {

using testing::tensor_near;

constexpr int64_t kSteps = 3;
constexpr int64_t kHeight = 2;
constexpr int64_t kWidth = 4;
constexpr int64_t kTokens = kSteps * kHeight * kWidth;

VitConfig rotary(VitPositions positions, int64_t head_width) {
  VitConfig config;
  config.heads = 2;
  config.width = 2 * head_width;
  config.positions = positions;
  config.has_class_token = false;
  config.pooling = VitPooling::kMean;
  config.tubelet = 2;
  return config;
}

/// Radians by which channel j of a slice turns, per unit of its coordinate.
double angle(VitPositions positions, int64_t j, int64_t slice) {
  const auto frequencies = static_cast<double>(slice / 2);
  if (positions == VitPositions::kRotaryVideoTiled) {
    return std::pow(10000.0, -static_cast<double>(j % (slice / 2)) / frequencies);
  }
  if (positions == VitPositions::kRotaryVideoInterleaved) {
    return std::pow(10000.0, -static_cast<double>(j / 2) / frequencies);
  }
  return std::pow(10000.0, -2.0 * static_cast<double>(j / 2) / static_cast<double>(slice));
}

/// `x` (tokens, heads, head width) double, turned.
at::Tensor turned(const VitConfig& config, const at::Tensor& x) {
  const int64_t slice = config.rotary_slice();
  at::Tensor out = x.clone();
  for (int64_t token = 0; token < kTokens; ++token) {
    double places[3] = {static_cast<double>(token / (kHeight * kWidth)),
                        static_cast<double>(token / kWidth % kHeight),
                        static_cast<double>(token % kWidth)};
    if (config.rotary_side > 0) {
      places[1] *= static_cast<double>(config.rotary_side - 1) / (kHeight - 1);
      places[2] *= static_cast<double>(config.rotary_side - 1) / (kWidth - 1);
    }
    for (int64_t head = 0; head < config.heads; ++head) {
      for (int64_t axis = 0; axis < 3; ++axis) {
        for (int64_t j = 0; j < slice / 2 * 2; ++j) {
          const double phi = places[axis] * angle(config.positions, j, slice);
          const double own = x[token][head][axis * slice + j].item<double>();
          const double partner =
              x[token][head][axis * slice + (j % 2 == 0 ? j + 1 : j - 1)].item<double>();
          out[token][head][axis * slice + j] =
              own * std::cos(phi) + (j % 2 == 0 ? -partner : partner) * std::sin(phi);
        }
      }
    }
  }
  return out;
}

void expect_as_defined(const VitConfig& config) {
  const at::Tensor qkv = at::arange(kTokens * 3 * config.width, at::kDouble).mul(0.37).sin();
  at::Tensor found = qkv.to(at::kFloat).reshape({kTokens, 3, config.heads, -1}).contiguous();
  const at::Tensor before = found.to(at::kDouble);
  rotate_queries_and_keys(config, video_rotation(config, kSteps, kHeight, kWidth), kTokens,
                          found.data_ptr<float>());
  // Two products of numbers below 1 in float32.
  EXPECT_TRUE(tensor_near(found.select(1, 0), turned(config, before.select(1, 0)), 5e-7));
  EXPECT_TRUE(tensor_near(found.select(1, 1), turned(config, before.select(1, 1)), 5e-7));
  EXPECT_TRUE(at::equal(found.select(1, 2), before.select(1, 2).to(at::kFloat)));
}

TEST(VitRotary, V1TurnsInterleavedPairsOfSlicesThatMayBeOdd) {
  for (const int64_t head_width : {16, 24, 64}) {  // slices of 5, 8, 21
    expect_as_defined(rotary(VitPositions::kRotaryVideo, head_width));
  }
}

TEST(VitRotary, V2TilesItsFrequenciesOverEvenSlices) {
  for (const int64_t head_width : {16, 32, 64}) {
    const VitConfig config = rotary(VitPositions::kRotaryVideoTiled, head_width);
    EXPECT_EQ(config.rotary_slice() % 2, 0);
    expect_as_defined(config);
  }
}

TEST(VitRotary, V2Point1TurnsPairsTogetherAndStretchesThePlane) {
  VitConfig config = rotary(VitPositions::kRotaryVideoInterleaved, 64);
  expect_as_defined(config);
  config.rotary_side = 16;
  expect_as_defined(config);
}

TEST(VitRotary, HeadsTooNarrowForThreeSlicesAreRefused) {
  EXPECT_ANY_THROW(rotary(VitPositions::kRotaryVideo, 5).validate("model"));
  EXPECT_NO_THROW(rotary(VitPositions::kRotaryVideo, 6).validate("model"));
}

}  // namespace
}  // namespace physprobe
