#include "physprobe/probes/straightening.h"

#include "physprobe/core/json_lines.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

#include "probes/probe_fixtures.h"

namespace physprobe {
namespace {

using testing::expect_error;
using testing::normal_rows;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(StraighteningGolden, EveryCase) {
  const auto file = SafetensorsFile::open(testing::golden_path("straightening/arrays.safetensors"));
  const auto summary = read_json(testing::golden_path("straightening/arrays_summary.json"));
  ASSERT_EQ(summary.size(), 15u);
  for (const auto& [name, numbers] : summary.items()) {
    SCOPED_TRACE(name);
    const auto geometry = trajectory_geometry(file.read(name + ".Z"));
    const auto result = straightening(geometry);
    // acos turns float32 rounding of a cosine near 1 into some hundredths of a degree.
    const bool is_straight = name.rfind("straight_", 0) == 0;
    const double angle_tolerance = is_straight ? 0.05 : 1e-3;

    const auto theta = testing::to_doubles(file.read(name + ".theta_deg"));
    ASSERT_EQ(result.curvature_deg.size(), theta.size());
    for (size_t t = 0; t < theta.size(); ++t) {
      EXPECT_NEAR(result.curvature_deg[t], theta[t], angle_tolerance) << t;
    }
    const auto henaff = testing::to_doubles(file.read(name + ".henaff_theta_deg"));
    ASSERT_EQ(geometry.henaff_cosine.size(), henaff.size());
    for (size_t t = 0; t < henaff.size(); ++t) {
      EXPECT_NEAR(angle_deg(geometry.henaff_cosine[t]), henaff[t], angle_tolerance) << t;
    }
    const auto features = testing::to_doubles(file.read(name + ".feat"));
    ASSERT_EQ(result.restrav.size(), features.size());
    EXPECT_EQ(static_cast<int64_t>(features.size()), numbers.at("n_feat").get<int64_t>());
    EXPECT_EQ(result.restrav_is_complete(), features.size() == 21);
    const size_t steps = std::min<size_t>(7, geometry.distance.size());
    const size_t angles_end = steps + std::min<size_t>(6, theta.size());
    for (size_t i = 0; i < features.size(); ++i) {
      const bool is_angle = (i >= steps && i < angles_end) || i >= features.size() - 4;
      const bool is_variance = i == features.size() - 1 || i == features.size() - 5;
      // The reference's statistics are float32; variances lose one more digit. Where every exact
      // value is equal (straight lines, right angles) a variance is rounding noise below 1e-6 of
      // the scale.
      double tolerance = std::abs(features[i]) * (is_variance ? 1e-4 : 1e-5) + 1e-9;
      if (is_angle) tolerance = std::max(tolerance, angle_tolerance);
      EXPECT_NEAR(result.restrav[i], features[i], tolerance) << "feature " << i;
    }
    const auto near = [&](double actual, const char* key, double absolute) {
      const double expected = numbers.at(key).get<double>();
      EXPECT_NEAR(actual, expected, std::max(absolute, 1e-4 * std::abs(expected))) << key;
    };
    near(result.mean_curvature_deg, "mean_curv_deg", is_straight ? 0.05 : 1e-6);
    near(result.henaff_mean_curvature_deg, "henaff_mean_curv_deg", is_straight ? 0.05 : 1e-6);
    double path = 0.0;
    for (const double step : result.distance) path += step;
    near(path, "path_length", 1e-6);
    near(geometry.chord, "chord", 1e-6);
  }
}

TEST(Straightening, ShortClips) {
  for (const int64_t n_frames : {0, 1, 2}) {
    const auto result = straightening(trajectory_geometry(normal_rows(n_frames, 4, 1)));
    EXPECT_TRUE(result.curvature_deg.empty());
    EXPECT_TRUE(std::isnan(result.mean_curvature_deg));
    EXPECT_TRUE(std::isnan(result.henaff_mean_curvature_deg));
    EXPECT_TRUE(result.restrav.empty());
  }
  for (int64_t n_frames = 3; n_frames < 10; ++n_frames) {
    const auto result = straightening(trajectory_geometry(normal_rows(n_frames, 4, 1)));
    const int64_t expected =
        std::min<int64_t>(7, n_frames - 1) + std::min<int64_t>(6, n_frames - 2) + 8;
    EXPECT_EQ(static_cast<int64_t>(result.restrav.size()), expected);
    EXPECT_EQ(result.restrav_is_complete(), n_frames >= 8);
  }
}

TEST(Straightening, ConstantClipIs90AndCounted) {
  const auto result = straightening(trajectory_geometry(at::ones({9, 30})));
  EXPECT_EQ(result.n_zero_steps, 8);
  EXPECT_EQ(result.mean_curvature_deg, 90.0);
  EXPECT_EQ(result.henaff_mean_curvature_deg, 90.0);
}

TEST(Straightening, InconsistentGeometryIsRefused) {
  TrajectoryGeometry geometry;
  geometry.distance = {1.0, 1.0, 1.0};
  geometry.cosine = geometry.henaff_cosine = {0.5};
  expect_error(ErrorKind::kInput, "expected 2 of each", [&] { straightening(geometry); });
}

TEST(RestravFeatures, OrderAndPopulationVariance) {
  EXPECT_EQ(restrav_features({1.0, 3.0}, {90.0}),
            (std::vector<double>{1.0, 3.0, 90.0, 2.0, 1.0, 3.0, 1.0, 90.0, 90.0, 90.0, 0.0}));
}

TEST(RepeatedFrames, Names) {
  EXPECT_EQ(repeated_frames_from_name("reuse"), RepeatedFrames::kReuse);
  EXPECT_EQ(repeated_frames_from_name("drop"), RepeatedFrames::kDrop);
  EXPECT_EQ(repeated_frames_from_name("error"), RepeatedFrames::kError);
  expect_error(ErrorKind::kUsage, "drop", [] { repeated_frames_from_name("drp"); });
}

TEST(RepeatedFrames, DropGivesTheClipWithoutRepeats) {
  const at::Tensor rows = normal_rows(9, 100, 2);
  TrajectoryAccumulator accumulator;
  for (int64_t t = 0; t < 9; ++t) {
    accumulator.add(rows[t]);
    if (t % 3 == 1 || t == 8) accumulator.repeat();
  }
  const auto repeated = accumulator.finish();
  const auto distinct = trajectory_geometry(rows);
  const auto dropped = with_repeated_frames(repeated, RepeatedFrames::kDrop);
  EXPECT_EQ(dropped.distance, distinct.distance);
  EXPECT_EQ(dropped.cosine, distinct.cosine);
  EXPECT_EQ(dropped.henaff_cosine, distinct.henaff_cosine);
  EXPECT_EQ(dropped.chord, distinct.chord);
  EXPECT_EQ(dropped.n_frames, 9);
  EXPECT_EQ(dropped.n_zero_steps, 0);
  EXPECT_EQ(straightening(dropped).restrav, straightening(distinct).restrav);
  EXPECT_EQ(with_repeated_frames(repeated, RepeatedFrames::kReuse).distance, repeated.distance);
  expect_error(ErrorKind::kInput, "4 of 12 steps repeat",
               [&] { with_repeated_frames(repeated, RepeatedFrames::kError); });
  EXPECT_EQ(with_repeated_frames(distinct, RepeatedFrames::kError).cosine, distinct.cosine);
}

TEST(RepeatedFrames, DropOfAConstantClipLeavesNoAngle) {
  const auto dropped =
      with_repeated_frames(trajectory_geometry(at::ones({5, 3})), RepeatedFrames::kDrop);
  EXPECT_EQ(dropped.n_frames, 1);
  EXPECT_TRUE(std::isnan(straightening(dropped).mean_curvature_deg));
}

TEST(LayerProfile, NumbersByHandAndUndefinedVideosCounted) {
  BootstrapOptions options;
  options.resamples = 999;
  const auto row = layer_profile("v1", {50.0, 60.0, kNaN, 80.0, 70.0, 40.0},
                                 {60.0, 60.0, 60.0, kNaN, 60.0, 60.0}, options);
  EXPECT_EQ(row.tap, "v1");
  EXPECT_EQ(row.n, 4);
  EXPECT_DOUBLE_EQ(row.mean_curvature_deg, 55.0);
  EXPECT_DOUBLE_EQ(row.difference_deg, -5.0);
  EXPECT_DOUBLE_EQ(row.ratio, 220.0 / 240.0);
  EXPECT_DOUBLE_EQ(row.share_straighter, 2.5 / 4.0);
  EXPECT_EQ(row.mean_interval.n, 4);
  EXPECT_LT(row.difference_interval.low, -5.0);
  EXPECT_GT(row.difference_interval.high, -5.0);
  EXPECT_LT(row.ratio_interval.low, row.ratio);
  EXPECT_GT(row.ratio_interval.high, row.ratio);
  EXPECT_EQ(row.share_interval.method, "wilson");
  const auto again =
      layer_profile("v1", {50.0, 60.0, 70.0, 40.0}, {60.0, 60.0, 60.0, 60.0}, options);
  EXPECT_EQ(again.difference_interval.low, row.difference_interval.low);
}

TEST(LayerProfile, NoAndOneVideo) {
  const auto none = layer_profile("v1", {kNaN}, {60.0}, {});
  EXPECT_EQ(none.n, 0);
  EXPECT_TRUE(std::isnan(none.mean_curvature_deg));
  EXPECT_TRUE(std::isnan(none.share_straighter));
  EXPECT_EQ(none.difference_interval.method, "none");
  EXPECT_EQ(none.share_interval.method, "none");
  const auto one = layer_profile("v1", {50.0}, {60.0}, {});
  EXPECT_EQ(one.n, 1);
  EXPECT_DOUBLE_EQ(one.difference_deg, -10.0);
  EXPECT_EQ(one.mean_interval.method, "none");
}

TEST(LayerProfile, PixelsWithoutCurvatureHaveNoRatio) {
  const auto row = layer_profile("v1", {50.0, 40.0}, {0.0, 0.0}, {});
  EXPECT_TRUE(std::isnan(row.ratio));
  EXPECT_EQ(row.ratio_interval.method, "none");
  EXPECT_DOUBLE_EQ(row.difference_deg, 45.0);
}

TEST(LayerProfile, WrongInputIsRefused) {
  expect_error(ErrorKind::kInput, "2 curvatures of the tap and 1", [] {
    layer_profile("v1", {1.0, 2.0}, {1.0}, {});
  });
  expect_error(ErrorKind::kInput, "video 0 is infinite",
               [] { layer_profile("v1", {std::numeric_limits<double>::infinity()}, {1.0}, {}); });
  BootstrapOptions options;
  options.level = 1.5;
  expect_error(ErrorKind::kUsage, "level", [&] { layer_profile("v1", {1.0}, {1.0}, options); });
}

}  // namespace
}  // namespace physprobe
