// Every variant of the pixel loops that this CPU runs has to give the baseline's bits: results must
// not depend on the machine's vector unit.
#include "physprobe/video/pixel_kernels.h"

#include "physprobe/video/resample_taps.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

namespace physprobe {
namespace {

constexpr int64_t kLanes = PixelKernels::kLanes;

std::vector<const PixelKernels*> all_runnable() {
  std::vector<const PixelKernels*> all;
  for (int rank = 0; runnable_pixel_kernels(rank) != nullptr; ++rank) {
    all.push_back(runnable_pixel_kernels(rank));
  }
  return all;
}

std::vector<uint8_t> noise_bytes(int64_t count, uint32_t seed) {
  std::vector<uint8_t> values(static_cast<std::size_t>(count));
  for (uint8_t& value : values) {
    seed = seed * 1664525U + 1013904223U;
    value = static_cast<uint8_t>(seed >> 24);
  }
  return values;
}

/// Between -64 and 320: what bicubic overshoot makes of bytes.
std::vector<float> noise_floats(int64_t count, uint32_t seed) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) {
    seed = seed * 1664525U + 1013904223U;
    value = static_cast<float>(seed >> 8) * (384.0F / 16777216.0F) - 64.0F;
  }
  return values;
}

template <typename T>
::testing::AssertionResult same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return ::testing::AssertionFailure() << "sizes differ";
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::memcmp(&a[i], &b[i], sizeof(T)) != 0) {
      return ::testing::AssertionFailure()
             << "first difference at " << i << ": " << +a[i] << " and " << +b[i];
    }
  }
  return ::testing::AssertionSuccess();
}

class KernelVariant : public ::testing::TestWithParam<const PixelKernels*> {
 protected:
  /// Runs `compute` with this variant and with the baseline, each into a fresh vector of `size`.
  template <typename T, typename Compute>
  static void expect_baseline_bits(int64_t size, const Compute& compute) {
    std::vector<T> ours(static_cast<std::size_t>(size));
    std::vector<T> baseline(static_cast<std::size_t>(size));
    compute(*GetParam(), ours.data());
    compute(pixel_kernels_baseline(), baseline.data());
    EXPECT_TRUE(same_bits(ours, baseline));
  }
};

TEST_P(KernelVariant, TransposesRows) {
  constexpr int64_t kCount = 80;
  const std::vector<uint8_t> image = noise_bytes(kLanes * kCount, 1);
  std::array<const uint8_t*, kLanes> rows{};
  for (int64_t i = 0; i < kLanes; ++i)
    rows[static_cast<std::size_t>(i)] = image.data() + i * kCount;
  std::vector<uint8_t> columns(image.size());
  GetParam()->transpose_rows(rows.data(), kCount, columns.data());
  for (int64_t x = 0; x < kCount; ++x) {
    for (int64_t y = 0; y < kLanes; ++y) {
      ASSERT_EQ(columns[static_cast<std::size_t>(x * kLanes + y)],
                image[static_cast<std::size_t>(y * kCount + x)]);
    }
  }
  std::vector<uint8_t> back(image.size());
  GetParam()->transpose_back_bytes(columns.data(), kCount, back.data(), kCount);
  EXPECT_TRUE(same_bits(back, image));
}

TEST_P(KernelVariant, TransposesFloatsBack) {
  constexpr int64_t kCount = 48;
  constexpr int64_t kStride = 64;
  const std::vector<float> columns = noise_floats(kCount * kLanes, 2);
  std::vector<float> rows(static_cast<std::size_t>(kLanes * kStride), -1.0F);
  GetParam()->transpose_back_floats(columns.data(), kCount, rows.data(), kStride);
  for (int64_t y = 0; y < kLanes; ++y) {
    for (int64_t x = 0; x < kStride; ++x) {
      const float expected = x < kCount ? columns[static_cast<std::size_t>(x * kLanes + y)] : -1.0F;
      ASSERT_EQ(rows[static_cast<std::size_t>(y * kStride + x)], expected) << y << " " << x;
    }
  }
}

template <typename Weight>
TapsView<Weight> view_of(const ResampleTaps& taps, const Weight* weights) {
  TapsView<Weight> view;
  view.size = taps.size();
  view.first = taps.first.data();
  view.count = taps.count.data();
  view.offset = taps.offset.data();
  view.weights = weights;
  return view;
}

TEST_P(KernelVariant, ResamplesRows) {
  for (const auto& [n_in, n_out] : {std::pair<int64_t, int64_t>{97, 31}, {31, 97}}) {
    const ResampleTaps fixed = make_resample_taps(n_in, n_out, 0, n_out, ResampleFilter::kLanczos,
                                                  ResampleArithmetic::kPillowUint8);
    const ResampleTaps floating = make_resample_taps(
        n_in, n_out, 0, n_out, ResampleFilter::kBicubic, ResampleArithmetic::kFloatAntialias);
    for (const int64_t channels : {1, 3, 4}) {
      SCOPED_TRACE(std::to_string(n_in) + " to " + std::to_string(n_out) + ", " +
                   std::to_string(channels) + " channels");
      const std::vector<uint8_t> in = noise_bytes(n_in * channels * kLanes, 3);
      const int64_t size = n_out * channels * kLanes;
      expect_baseline_bits<uint8_t>(size, [&](const PixelKernels& kernels, uint8_t* out) {
        kernels.rows_pass_bytes(in.data(), channels, view_of(fixed, fixed.fixed_weights.data()),
                                out);
      });
      expect_baseline_bits<float>(size, [&](const PixelKernels& kernels, float* out) {
        kernels.rows_pass_floats(in.data(), channels, view_of(floating, floating.weights.data()),
                                 out);
      });
    }
  }
}

TEST_P(KernelVariant, ResamplesColumns) {
  constexpr int64_t kWidth = 3 * PixelKernels::kColumnBlock;
  constexpr int64_t kRows = 13;
  const std::vector<float> weights = {-0.02F, -0.07F, 0.05F, 0.11F, 0.2F,   0.3F,  0.21F,
                                      0.13F,  0.07F,  0.03F, 0.01F, -0.01F, -0.01F};
  std::vector<int32_t> fixed;
  for (const float weight : weights) fixed.push_back(static_cast<int32_t>(weight * 4194304.0F));
  const std::vector<uint8_t> bytes = noise_bytes(kRows * kWidth, 4);
  const std::vector<float> floats = noise_floats(kRows * kWidth, 5);
  expect_baseline_bits<uint8_t>(kWidth, [&](const PixelKernels& kernels, uint8_t* out) {
    kernels.columns_pass_bytes(bytes.data(), kWidth, fixed.data(), kRows, kWidth, out);
  });
  expect_baseline_bits<float>(kWidth, [&](const PixelKernels& kernels, float* out) {
    kernels.columns_pass_floats(floats.data(), kWidth, weights.data(), kRows, kWidth, out);
  });
}

TEST_P(KernelVariant, ComputesLuma) {
  constexpr int64_t kWidth = 211;  // no multiple of any vector
  const std::vector<uint8_t> rgb = noise_bytes(3 * kWidth, 6);
  expect_baseline_bits<uint8_t>(kWidth, [&](const PixelKernels& kernels, uint8_t* out) {
    kernels.luma_row(rgb.data(), kWidth, out);
  });
}

TEST_P(KernelVariant, Normalises) {
  constexpr int64_t kWidth = 211;
  const std::vector<uint8_t> bytes = noise_bytes(kWidth, 7);
  const std::vector<float> floats = noise_floats(kWidth, 8);
  expect_baseline_bits<float>(kWidth, [&](const PixelKernels& kernels, float* out) {
    kernels.normalise_bytes(bytes.data(), kWidth, 255.0F, 0.485F, 0.229F, out);
  });
  expect_baseline_bits<float>(kWidth, [&](const PixelKernels& kernels, float* out) {
    kernels.normalise_floats(floats.data(), kWidth, 255.0F, 0.406F, 0.225F, out);
  });
}

INSTANTIATE_TEST_SUITE_P(PixelKernels,
                         KernelVariant,
                         ::testing::ValuesIn(all_runnable()),
                         [](const auto& one) { return std::string(one.param->name); });

TEST(PixelKernels, TheFastestThatRunsHereIsChosen) {
  EXPECT_EQ(&pixel_kernels(), all_runnable().front());
  EXPECT_EQ(&pixel_kernels_baseline(), all_runnable().back());
}

}  // namespace
}  // namespace physprobe
