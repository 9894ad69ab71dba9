#include "physprobe/probes/trajectory.h"

#include "physprobe/core/safetensors.h"
#include "physprobe/probes/straightening.h"

#include "support/golden.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>

#include "probes/probe_fixtures.h"

namespace physprobe {
namespace {

using testing::expect_error;
using testing::normal_rows;

double mean_curvature(const at::Tensor& rows) {
  return straightening(trajectory_geometry(rows)).mean_curvature_deg;
}

TEST(TrajectoryGolden, StepLengthsOfEveryCase) {
  const auto file = SafetensorsFile::open(testing::golden_path("straightening/arrays.safetensors"));
  int cases = 0;
  for (const auto& entry : file.entries()) {
    if (entry.name.size() < 3 || entry.name.substr(entry.name.size() - 2) != ".d") continue;
    const std::string name = entry.name.substr(0, entry.name.size() - 2);
    const auto geometry = trajectory_geometry(file.read(name + ".Z"));
    const auto expected = testing::to_doubles(file.read(entry.name));
    ASSERT_EQ(geometry.distance.size(), expected.size()) << name;
    for (size_t t = 0; t < expected.size(); ++t) {
      // The reference sums in float32: relative 1e-6 is its rounding, ours is far below.
      EXPECT_NEAR(geometry.distance[t], expected[t], 1e-6 * expected[t]) << name << " step " << t;
    }
    ++cases;
  }
  EXPECT_EQ(cases, 15);
}

TEST(TrajectoryAnchors, StraightIsZero) {
  at::Tensor rows = at::zeros({12, 5});
  for (int64_t t = 0; t < 12; ++t) rows[t].fill_(static_cast<double>(t));
  // acos of 1 - 2e-16 is 1e-6 degrees.
  EXPECT_NEAR(mean_curvature(rows), 0.0, 2e-6);
}

TEST(TrajectoryAnchors, ReversalEveryStepIs180) {
  at::Tensor rows = at::zeros({9, 3});
  for (int64_t t = 1; t < 9; t += 2) rows[t].fill_(2.0);
  EXPECT_NEAR(mean_curvature(rows), 180.0, 2e-6);
}

TEST(TrajectoryAnchors, RepeatedFramesAre90) {
  const auto geometry = trajectory_geometry(at::ones({6, 40}));
  EXPECT_EQ(geometry.n_zero_steps, 5);
  for (const double step : geometry.distance) EXPECT_EQ(step, 0.0);
  for (const double cosine : geometry.cosine) EXPECT_EQ(cosine, 0.0);
  EXPECT_EQ(straightening(geometry).mean_curvature_deg, 90.0);
  EXPECT_EQ(geometry.chord, 0.0);
}

TEST(TrajectoryAnchors, IndependentPositionsAre120AndIncrements90) {
  const at::Tensor noise = normal_rows(40, 20000, 3);
  // The cosine's spread is about 1 / sqrt(20000) = 0.4 degrees an angle, less over 38 of them.
  EXPECT_NEAR(mean_curvature(noise), 120.0, 0.5);
  EXPECT_NEAR(mean_curvature(noise.cumsum(0)), 90.0, 0.5);
}

TEST(TrajectoryAccumulator, RepeatEqualsTheSameVectorAgain) {
  const at::Tensor rows = normal_rows(5, 5000, 1);
  TrajectoryAccumulator by_repeat;
  TrajectoryAccumulator by_value;
  for (int64_t t = 0; t < 5; ++t) {
    by_repeat.add(rows[t]);
    by_value.add(rows[t]);
    if (t == 1 || t == 2) {
      by_repeat.repeat();
      by_value.add(rows[t].clone());
    }
  }
  const auto a = by_repeat.finish();
  const auto b = by_value.finish();
  EXPECT_EQ(a.distance, b.distance);
  EXPECT_EQ(a.cosine, b.cosine);
  EXPECT_EQ(a.henaff_cosine, b.henaff_cosine);
  EXPECT_EQ(a.live_cosine, b.live_cosine);
  EXPECT_EQ(a.chord, b.chord);
  EXPECT_EQ(a.n_frames, 7);
  EXPECT_EQ(a.n_zero_steps, 2);
  ASSERT_EQ(a.distance.size(), 6u);
  EXPECT_EQ(a.distance[1], 0.0);
  EXPECT_EQ(a.cosine[0], 0.0);
  EXPECT_EQ(a.cosine[1], 0.0);
}

TEST(TrajectoryAccumulator, LiveCosinesAreThoseOfDistinctFrames) {
  const at::Tensor rows = normal_rows(6, 333, 2);
  TrajectoryAccumulator repeated;
  for (int64_t t = 0; t < 6; ++t) {
    repeated.add(rows[t]);
    if (t != 3) repeated.repeat();
  }
  const auto plain = trajectory_geometry(rows);
  const auto geometry = repeated.finish();
  EXPECT_EQ(geometry.live_cosine, plain.cosine);
  EXPECT_EQ(geometry.live_henaff_cosine, plain.henaff_cosine);
  EXPECT_EQ(plain.live_cosine, plain.cosine);
}

TEST(TrajectoryAccumulator, TakesAnyShapeAndKeepsNoReference) {
  const at::Tensor rows = normal_rows(4, 60, 5);
  TrajectoryAccumulator accumulator;
  at::Tensor frame = at::empty({3, 4, 5});
  for (int64_t t = 0; t < 4; ++t) {
    frame.copy_(rows[t].view({3, 4, 5}));
    accumulator.add(frame);
  }
  EXPECT_EQ(accumulator.finish().cosine, trajectory_geometry(rows).cosine);
  TrajectoryAccumulator moved = std::move(accumulator);
  moved.add(frame);
  EXPECT_EQ(moved.finish().n_zero_steps, 1);
}

TEST(TrajectoryAccumulator, StridedInputGivesTheSameBits) {
  const at::Tensor rows = normal_rows(9, 4500, 8);
  EXPECT_EQ(trajectory_geometry(rows.t().contiguous().t()).cosine,
            trajectory_geometry(rows).cosine);
}

TEST(TrajectoryAccumulator, MatchesPlainDoubleArithmetic) {
  // Sizes around the lanes (16) and the blocks (4096) of the kernel.
  for (const int64_t size : {1, 7, 15, 16, 17, 33, 4095, 4096, 4097, 9000}) {
    const at::Tensor rows = normal_rows(4, size, static_cast<uint64_t>(size));
    const at::Tensor steps = rows.to(at::kDouble).slice(0, 1) - rows.to(at::kDouble).slice(0, 0, 3);
    const auto geometry = trajectory_geometry(rows);
    for (int64_t t = 0; t < 3; ++t) {
      const double length = steps[t].norm().item<double>();
      EXPECT_NEAR(geometry.distance[static_cast<size_t>(t)], length, 1e-13 * length) << size;
      if (t == 0) continue;
      const double cosine = (steps[t] * steps[t - 1]).sum().item<double>() /
                            (length * steps[t - 1].norm().item<double>());
      EXPECT_NEAR(geometry.cosine[static_cast<size_t>(t) - 1], cosine, 1e-13) << size;
    }
    const double chord = (rows[3].to(at::kDouble) - rows[0].to(at::kDouble)).norm().item<double>();
    EXPECT_NEAR(geometry.chord, chord, 1e-13 * chord);
  }
}

TEST(TrajectoryAccumulator, FloatAndDoubleInputAgree) {
  const at::Tensor rows = normal_rows(10, 5000, 4);
  const auto narrow = trajectory_geometry(rows);
  const auto wide = trajectory_geometry(rows.to(at::kDouble));
  EXPECT_EQ(narrow.distance, wide.distance);
  EXPECT_EQ(narrow.cosine, wide.cosine);
  EXPECT_EQ(narrow.chord, wide.chord);
}

TEST(TrajectoryAccumulator, HalfPrecisionIsReadExactly) {
  const at::Tensor rows = normal_rows(6, 200, 6);
  for (const auto type : {at::kHalf, at::kBFloat16}) {
    const at::Tensor rounded = rows.to(type);
    EXPECT_EQ(trajectory_geometry(rounded).cosine,
              trajectory_geometry(rounded.to(at::kFloat)).cosine);
  }
}

TEST(TrajectoryNumbers, NonFiniteValueIsRefusedNamingFrameAndPlace) {
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    for (const int64_t frame : {0, 1, 4}) {
      at::Tensor rows = normal_rows(5, 5000, 7);
      rows[frame][4321] = bad;
      expect_error(ErrorKind::kInput, "value 4321 of 5000", [&] { trajectory_geometry(rows); });
      expect_error(ErrorKind::kInput, "frame " + std::to_string(frame),
                   [&] { trajectory_geometry(rows); });
      expect_error(ErrorKind::kInput, "frame " + std::to_string(frame),
                   [&] { pairwise_distances(rows); });
    }
  }
  expect_error(ErrorKind::kInput, "NaN", [] {
    trajectory_geometry(at::full({1, 3}, std::nan("")));
  });
}

TEST(TrajectoryNumbers, RefusedFrameEndsTheAccumulator) {
  TrajectoryAccumulator accumulator;
  accumulator.add(at::zeros({3}));
  EXPECT_THROW(accumulator.add(at::full({3}, std::nan(""))), Error);
  expect_error(ErrorKind::kInternal, "after a frame was refused", [&] { accumulator.finish(); });
  expect_error(ErrorKind::kInternal, "after a frame was refused",
               [&] { accumulator.add(at::zeros({3})); });
  expect_error(ErrorKind::kInternal, "after a frame was refused", [&] { accumulator.repeat(); });
}

TEST(TrajectoryNumbers, WrongInputIsRefused) {
  TrajectoryAccumulator accumulator;
  expect_error(ErrorKind::kInternal, "before the first frame", [&] { accumulator.repeat(); });
  accumulator.add(at::zeros({4}));
  expect_error(ErrorKind::kInput, "3 elements, expected 4",
               [&] { accumulator.add(at::zeros({3})); });
  TrajectoryAccumulator typed;
  typed.add(at::zeros({4}));
  expect_error(ErrorKind::kInput, "expected Float",
               [&] { typed.add(at::zeros({4}, at::kDouble)); });
  expect_error(ErrorKind::kInput, "expected float32", [] {
    trajectory_geometry(at::zeros({4, 4}, at::kLong));
  });
  expect_error(ErrorKind::kInput, "expected (T, D)", [] { trajectory_geometry(at::zeros({4})); });
  expect_error(ErrorKind::kInput, "expected (T, D)", [] {
    trajectory_geometry(at::zeros({4, 0}));
  });
  expect_error(ErrorKind::kInput, "no tensor", [] { trajectory_geometry(at::Tensor()); });
}

TEST(TrajectoryNumbers, EmptyOneAndTwoFrames) {
  const auto none = trajectory_geometry(at::zeros({0, 4}));
  EXPECT_EQ(none.n_frames, 0);
  EXPECT_TRUE(std::isnan(none.chord));
  const auto one = trajectory_geometry(at::ones({1, 4}));
  EXPECT_EQ(one.n_frames, 1);
  EXPECT_TRUE(one.distance.empty());
  EXPECT_TRUE(std::isnan(one.chord));
  const auto two = trajectory_geometry(normal_rows(2, 4, 1));
  EXPECT_EQ(two.distance.size(), 1u);
  EXPECT_TRUE(two.cosine.empty());
  EXPECT_EQ(two.chord, two.distance[0]);
}

TEST(TrajectoryNumbers, LargestAndSmallestFloatsKeepTheirAngles) {
  const at::Tensor shape = normal_rows(8, 64, 11);
  const auto expected = trajectory_geometry(shape);
  // Squares of 1e38 overflow float32; the reference reads 90 there, sums in double do not.
  const auto huge = trajectory_geometry(shape * 1e37F);
  for (size_t t = 0; t < expected.cosine.size(); ++t) {
    EXPECT_NEAR(huge.cosine[t], expected.cosine[t], 1e-6);
  }
  // Denormals: the step is exact, and the floor of 1e-8 takes the cosine to 0 as defined.
  at::Tensor tiny = at::zeros({3, 2});
  tiny[1][0] = std::numeric_limits<float>::denorm_min();
  tiny[2][0] = 2.0F * std::numeric_limits<float>::denorm_min();
  const auto denormal = trajectory_geometry(tiny);
  EXPECT_EQ(denormal.distance[0], static_cast<double>(std::numeric_limits<float>::denorm_min()));
  EXPECT_EQ(denormal.n_zero_steps, 0);
  EXPECT_NEAR(denormal.cosine[0], 0.0, 1e-60);
}

TEST(TrajectoryNumbers, DoubleRangeEndsAreDefined) {
  at::Tensor rows = at::zeros({3, 2}, at::kDouble);
  rows[1][0] = 1e200;
  expect_error(ErrorKind::kInput, "overflows float64", [&] { trajectory_geometry(rows); });
  expect_error(ErrorKind::kInput, "overflows float64", [&] { pairwise_distances(rows); });
  at::Tensor faint = at::zeros({3, 2}, at::kDouble);
  faint[1][0] = 1e-200;
  faint[2][1] = 1.0;
  const auto geometry = trajectory_geometry(faint);
  EXPECT_EQ(geometry.n_zero_steps, 1);
  EXPECT_EQ(geometry.cosine[0], 0.0);
}

TEST(TrajectoryNumbers, TimeReversalReversesTheSeries) {
  const at::Tensor rows = normal_rows(12, 700, 12);
  auto forward = trajectory_geometry(rows);
  const auto backward = trajectory_geometry(rows.flip({0}));
  std::reverse(forward.distance.begin(), forward.distance.end());
  std::reverse(forward.cosine.begin(), forward.cosine.end());
  EXPECT_EQ(forward.distance, backward.distance);
  for (size_t t = 0; t < forward.cosine.size(); ++t) {
    EXPECT_NEAR(forward.cosine[t], backward.cosine[t], 1e-15);
  }
}

}  // namespace
}  // namespace physprobe
