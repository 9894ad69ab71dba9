#include "physprobe/probes/cross_fade.h"

#include "physprobe/probes/straightening.h"
#include "physprobe/probes/trajectory.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "probes/probe_fixtures.h"

namespace physprobe {
namespace {

using testing::expect_error;
using testing::normal_rows;

TEST(CrossFade, EndsAreTheEndFramesExactly) {
  const at::Tensor first = normal_rows(3, 50, 1).view({3, 5, 10});
  const at::Tensor last = normal_rows(3, 50, 2).view({3, 5, 10});
  EXPECT_TRUE(at::equal(cross_fade_frame(first, last, 0, 11), first));
  EXPECT_TRUE(at::equal(cross_fade_frame(first, last, 10, 11), last));
  EXPECT_TRUE(at::equal(cross_fade_frame(first, last, 1, 2), last));
}

TEST(CrossFade, MiddleIsTheWeightedSum) {
  const at::Tensor faded = cross_fade_frame(at::full({2}, 1.0F), at::full({2}, 3.0F), 1, 5);
  EXPECT_EQ(faded.scalar_type(), at::kFloat);
  EXPECT_FLOAT_EQ(faded[0].item<float>(), 1.5F);
}

TEST(CrossFade, IsNearlyStraightInPixels) {
  const at::Tensor first = normal_rows(3, 4096, 3);
  const at::Tensor last = normal_rows(3, 4096, 4);
  TrajectoryAccumulator accumulator;
  for (int64_t i = 0; i < 11; ++i) accumulator.add(cross_fade_frame(first, last, i, 11));
  // Float rounding bends it by hundredths of a degree at most; 0.5 is the reference's own
  // tolerance.
  EXPECT_LT(straightening(accumulator.finish()).mean_curvature_deg, 0.5);
}

TEST(CrossFade, WrongInputIsRefused) {
  const at::Tensor frame = at::zeros({2, 2});
  expect_error(ErrorKind::kInput, "same preprocessing",
               [&] { cross_fade_frame(frame, at::zeros({4}), 0, 2); });
  expect_error(ErrorKind::kInput, "expected float32",
               [&] { cross_fade_frame(frame.to(at::kByte), frame.to(at::kByte), 0, 2); });
  for (const auto& [index, count] : {std::pair<int64_t, int64_t>{0, 1}, {-1, 3}, {3, 3}}) {
    expect_error(ErrorKind::kUsage, "index from 0",
                 [&, i = index, n = count] { cross_fade_frame(frame, frame, i, n); });
  }
}

}  // namespace
}  // namespace physprobe
