// Every variant of the v1 model's loops against the definition written down naively, bit for bit:
// the curvatures that depend on them must not change with the CPU.

#include "physprobe/encoders/v1_kernels.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace physprobe {
namespace {

std::vector<float> waves(int64_t count, double frequency) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>(std::sin(frequency * static_cast<double>(i) + 0.3)));
  }
  return values;
}

class V1KernelsTest : public ::testing::TestWithParam<VectorUnit> {
 protected:
  void SetUp() override {
    if (v1_kernels_for(GetParam()) == nullptr) GTEST_SKIP() << "this CPU lacks the vector unit";
  }
  const V1Kernels& kernels() const { return *v1_kernels_for(GetParam()); }
};

TEST_P(V1KernelsTest, SymmetricSumAddsTapsFromTheCentreOutwards) {
  constexpr int64_t kTaps = 16;
  const std::vector<float> half = waves(kTaps, 0.4);
  for (const int64_t stride : {1, 3}) {
    for (const int64_t count : {1, 63, 64, 65, 200}) {
      const int64_t margin = kTaps * stride;
      const std::vector<float> line = waves(count + 2 * margin, 1.7);
      std::vector<float> out(static_cast<std::size_t>(count));
      kernels().symmetric_sum(line.data() + margin, stride, half.data(), kTaps, count, out.data());
      for (int64_t i = 0; i < count; ++i) {
        const float* centre = line.data() + margin + i;
        float expected = half[0] * centre[0];
        for (int64_t o = 1; o < kTaps; ++o) {
          expected +=
              half[static_cast<std::size_t>(o)] * (centre[-o * stride] + centre[o * stride]);
        }
        ASSERT_EQ(out[static_cast<std::size_t>(i)], expected) << count << " at " << i;
      }
    }
  }
}

TEST_P(V1KernelsTest, FilterAndSquaredModulusWorkOnPairs) {
  constexpr int64_t kCount = 37;
  const std::vector<float> spectrum = waves(2 * kCount, 0.9);
  const std::vector<float> filter = waves(kCount, 0.2);
  std::vector<float> filtered(static_cast<std::size_t>(2 * kCount));
  std::vector<float> modulus(static_cast<std::size_t>(kCount));
  kernels().apply_filter(spectrum.data(), filter.data(), kCount, filtered.data());
  kernels().squared_modulus(spectrum.data(), kCount, modulus.data());
  for (std::size_t i = 0; i < static_cast<std::size_t>(kCount); ++i) {
    ASSERT_EQ(filtered[2 * i], spectrum[2 * i] * filter[i]);
    ASSERT_EQ(filtered[2 * i + 1], spectrum[2 * i + 1] * filter[i]);
    const float real = spectrum[2 * i] * spectrum[2 * i];
    const float imaginary = spectrum[2 * i + 1] * spectrum[2 * i + 1];
    ASSERT_EQ(modulus[i], real + imaginary);
  }
}

TEST_P(V1KernelsTest, LaneSumAddsEightLanesInOrder) {
  for (const int64_t count : {1, 8, 21, 1000}) {
    const std::vector<float> values = waves(count, 0.77);
    std::array<double, 8> lanes = {};
    for (std::size_t i = 0; i < values.size(); ++i) {
      lanes[i % lanes.size()] += static_cast<double>(values[i]);
    }
    double expected = 0.0;
    for (const double lane : lanes) expected += lane;
    EXPECT_EQ(kernels().lane_sum(values.data(), count), expected) << count;
  }
}

INSTANTIATE_TEST_SUITE_P(Units,
                         V1KernelsTest,
                         ::testing::Values(VectorUnit::kBaseline,
                                           VectorUnit::kAvx2,
                                           VectorUnit::kAvx512),
                         [](const ::testing::TestParamInfo<VectorUnit>& unit) {
                           return std::string(vector_unit_name(unit.param));
                         });

}  // namespace
}  // namespace physprobe
