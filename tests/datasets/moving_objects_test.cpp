#include "physprobe/datasets/worlds/moving_objects.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/logical_or.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

constexpr double kDegrees = 180.0 / 3.14159265358979323846;

MovingObjectsOptions small_options() {
  MovingObjectsOptions options;
  options.size = 96;
  options.frames = 8;
  return options;
}

/// Mean angle between successive steps of the frames' luma, degrees; and the smallest step.
struct Motion {
  double mean_curvature_degrees = 0.0;
  double smallest_step = 1e9;
};

Motion motion_of(const at::Tensor& frames) {
  const at::Tensor weights = at::tensor({0.299, 0.587, 0.114}, at::kDouble);
  const at::Tensor luma = at::matmul(frames.to(at::kDouble), weights).flatten(1);
  const at::Tensor steps = luma.slice(0, 1) - luma.slice(0, 0, -1);
  const at::Tensor lengths = steps.norm(2, 1);
  const at::Tensor cosines = (steps.slice(0, 1) * steps.slice(0, 0, -1)).sum(1) /
                             (lengths.slice(0, 1) * lengths.slice(0, 0, -1));
  return {cosines.clamp(-1, 1).acos().mean().item<double>() * kDegrees,
          lengths.min().item<double>()};
}

TEST(MovingObjects, FramesHaveTheShapeAskedFor) {
  const at::Tensor frames = render_moving_objects(1, 0, small_options());
  EXPECT_EQ(frames.sizes(), (std::vector<int64_t>{8, 96, 96, 3}));
  EXPECT_EQ(frames.scalar_type(), at::kByte);
  EXPECT_TRUE(frames.is_contiguous());
}

TEST(MovingObjects, IsAPureFunctionOfSeedIndexAndOptions) {
  const MovingObjectsOptions options = small_options();
  const at::Tensor frames = render_moving_objects(1, 0, options);
  EXPECT_TRUE(at::equal(frames, render_moving_objects(1, 0, options)));
  EXPECT_FALSE(at::equal(frames, render_moving_objects(1, 1, options)));
  EXPECT_FALSE(at::equal(frames, render_moving_objects(2, 0, options)));
}

TEST(MovingObjects, GivesTheSameBitsOnAnyNumberOfThreads) {
  const MovingObjectsOptions options = small_options();
  std::vector<at::Tensor> alone;
  for (int64_t i = 0; i < 6; ++i) alone.push_back(render_moving_objects(1, i, options));
  for (const int threads : {1, 2, 7}) {
    std::vector<at::Tensor> together(6);
    parallel_for(6, threads, [&](int64_t i) {
      together[static_cast<std::size_t>(i)] = render_moving_objects(1, i, options);
    });
    for (std::size_t i = 0; i < 6; ++i) EXPECT_TRUE(at::equal(together[i], alone[i])) << threads;
  }
}

TEST(MovingObjects, ALongerClipBeginsWithTheShorterOne) {
  MovingObjectsOptions options = small_options();
  const at::Tensor shorter = render_moving_objects(1, 0, options);
  options.frames = 12;
  EXPECT_TRUE(at::equal(render_moving_objects(1, 0, options).slice(0, 0, 8), shorter));
}

TEST(MovingObjects, MotionDependsOnTimeNotOnTheFrameRate) {
  MovingObjectsOptions options = small_options();
  const at::Tensor slow = render_moving_objects(1, 0, options);
  options.fps *= 2.0;
  options.frames = 15;
  EXPECT_TRUE(at::equal(render_moving_objects(1, 0, options).slice(0, 0, 15, 2), slow));
}

TEST(MovingObjects, PixelCurvatureIsThatOfNaturalVideo) {
  // Natural movies of the straightening literature: 83 degrees on average (v1_encoder.md section
  // 7). Also: something moves in every step, so no angle is the 90 degrees of a repeated frame.
  double sum = 0.0;
  for (int64_t index = 0; index < 4; ++index) {
    const Motion motion = motion_of(render_moving_objects(7, index, {}));
    EXPECT_GT(motion.mean_curvature_degrees, 60.0) << index;
    EXPECT_LT(motion.mean_curvature_degrees, 100.0) << index;
    EXPECT_GT(motion.smallest_step, 100.0) << index;
    sum += motion.mean_curvature_degrees;
  }
  EXPECT_GT(sum / 4.0, 65.0);
}

TEST(MovingObjects, ShufflingMakesClipsMoreCurved) {
  // Frames in random order tend to the 120 degrees of independent positions.
  const MovingObjectsOptions options;
  const at::Tensor frames = render_moving_objects(7, 0, options);
  const at::Tensor order = at::tensor(shuffled_order(7, 0, options.frames), at::kLong);
  const Motion natural = motion_of(frames);
  const Motion shuffled = motion_of(frames.index_select(0, order));
  EXPECT_GT(shuffled.mean_curvature_degrees, natural.mean_curvature_degrees + 20.0);
}

TEST(MovingObjects, OutlinesAreAntialiased) {
  // Moving by a fraction of a pixel changes the outline by a fraction of its contrast: at 20 times
  // the frame rate no pixel jumps by more than a fraction of the range.
  MovingObjectsOptions options = small_options();
  options.fps *= 20.0;
  const at::Tensor frames = render_moving_objects(1, 0, options).to(at::kInt);
  const at::Tensor jumps = (frames.slice(0, 1) - frames.slice(0, 0, -1)).abs();
  EXPECT_LT(jumps.max().item<int>(), 48);
  EXPECT_GT(jumps.max().item<int>(), 0);
}

TEST(MovingObjects, TonesUseTheRangeWithoutClippingMuch) {
  const at::Tensor frames = render_moving_objects(7, 0, {});
  const double clipped =
      at::logical_or(frames.eq(0), frames.eq(255)).to(at::kDouble).mean().item<double>();
  EXPECT_LT(clipped, 0.02);
  EXPECT_GT(frames.to(at::kDouble).std().item<double>(), 20.0);
}

TEST(MovingObjects, RefusesOptionsOutOfRange) {
  const auto refuses = [](auto change) {
    MovingObjectsOptions options;
    change(options);
    try {
      options.validate();
    } catch (const Error& error) {
      return error.kind() == ErrorKind::kUsage;
    }
    return false;
  };
  EXPECT_TRUE(refuses([](auto& options) { options.size = 31; }));
  EXPECT_TRUE(refuses([](auto& options) { options.frames = 3; }));
  EXPECT_TRUE(refuses([](auto& options) { options.fps = 0.0; }));
  EXPECT_TRUE(refuses([](auto& options) { options.fps = std::nan(""); }));
  EXPECT_TRUE(refuses([](auto& options) { options.objects = 0; }));
  EXPECT_THROW(render_moving_objects(1, -1, small_options()), Error);
}

TEST(ShuffledOrder, IsAPermutationWithoutOldNeighbours) {
  for (const int64_t frames : {4, 5, 6, 24, 100}) {
    for (int64_t index = 0; index < 20; ++index) {
      const std::vector<int64_t> order = shuffled_order(7, index, frames);
      for (std::size_t i = 1; i < order.size(); ++i) {
        EXPECT_GT(std::abs(order[i] - order[i - 1]), 1) << frames << " " << index;
      }
      std::vector<int64_t> sorted = order;
      std::sort(sorted.begin(), sorted.end());
      ASSERT_EQ(static_cast<int64_t>(sorted.size()), frames);
      for (int64_t i = 0; i < frames; ++i) EXPECT_EQ(sorted[static_cast<std::size_t>(i)], i);
    }
  }
  EXPECT_NE(shuffled_order(7, 0, 24), shuffled_order(7, 1, 24));
}

TEST(ShuffledOrder, RefusesLengthsThatHaveNone) {
  EXPECT_EQ(shuffled_order(7, 0, 1), std::vector<int64_t>{0});
  for (const int64_t frames : {-1, 0, 2, 3}) EXPECT_THROW(shuffled_order(7, 0, frames), Error);
}

}  // namespace
}  // namespace physprobe
