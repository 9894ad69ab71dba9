#include "physprobe/probes/geophys.h"

#include "physprobe/core/json_lines.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "probes/probe_fixtures.h"

namespace physprobe {
namespace {

using testing::expect_error;
using testing::normal_rows;
using Json = nlohmann::json;

GeophysOptions options_of(const Json& fields) {
  GeophysOptions options;
  if (fields.contains("zero")) options.zero_step = geophys_zero_step_from_name(fields.at("zero"));
  if (fields.value("std", 0) == 1) {
    options.standard_deviation = GeophysOptions::StandardDeviation::kSample;
  }
  if (fields.contains("how")) options.residual = geophys_residual_from_name(fields.at("how"));
  options.history = fields.value("H", options.history);
  return options;
}

/// Golden trajectories hold float32 input; what is 0 in exact arithmetic carries its rounding, and
/// may be compared only against the size of the steps (golden README: 1e-5 of the largest).
bool is_zero_up_to_rounding(const std::string& name,
                            const std::string& statistic,
                            double expected,
                            double step) {
  if (name == "static") return statistic == "perr" && expected < 1e-12;
  if (name == "T4") return statistic == "perr" && expected < 1e-12;  // H frames span all of R^3
  const bool is_fragile = name == "straight" || name == "circle" || name == "low_rank";
  return is_fragile && std::abs(expected) < 1e-5 * step;
}

void expect_value(const std::optional<double>& actual, const Json& expected, double tolerance) {
  ASSERT_EQ(actual.has_value(), !expected.is_null());
  if (actual) {
    EXPECT_NEAR(*actual, expected.get<double>(), tolerance);
  }
}

TEST(GeophysGolden, FiveStatisticsUnderTenOptionSets) {
  const auto golden = read_json(testing::golden_path("geophys/statistics.json"));
  const auto input = read_safetensors(testing::golden_path("geophys/trajectories.safetensors"));
  ASSERT_EQ(golden.at("trajectories").size(), 13u);
  ASSERT_EQ(golden.at("options").size(), 10u);
  for (const auto& [name, entry] : golden.at("trajectories").items()) {
    for (const auto& [option_name, fields] : golden.at("options").items()) {
      const auto actual = geophys_statistics(input.at(name), options_of(fields));
      const double step = actual.step_length.empty() ? 0.0
                                                     : *std::max_element(actual.step_length.begin(),
                                                                         actual.step_length.end());
      const std::map<std::string, std::optional<double>> values = {{"speed", actual.speed},
                                                                   {"curv", actual.curv},
                                                                   {"ang", actual.ang},
                                                                   {"accel", actual.accel},
                                                                   {"perr", actual.perr}};
      for (const auto& [statistic, value] : values) {
        SCOPED_TRACE(name + " " + option_name + " " + statistic);
        const Json& expected = entry.at("stats").at(option_name).at(statistic);
        const double size = expected.is_null() ? 0.0 : expected.get<double>();
        // Double arithmetic on the same float32 input: 1e-8 leaves room for conditioning only.
        const bool by_steps = is_zero_up_to_rounding(name, statistic, size, step);
        expect_value(value, expected, by_steps ? 1e-5 * step + 1e-12 : 1e-8 * std::abs(size));
      }
    }
  }
}

TEST(GeophysGolden, PerFrameSeriesOfTheDefault) {
  const auto golden = read_json(testing::golden_path("geophys/statistics.json"));
  const auto input = read_safetensors(testing::golden_path("geophys/trajectories.safetensors"));
  for (const auto& [name, entry] : golden.at("trajectories").items()) {
    const auto actual = geophys_statistics(input.at(name));
    std::vector<double> angles;
    for (const auto& angle : actual.turning_radians) {
      if (angle) angles.push_back(*angle);
    }
    const std::map<std::string, std::vector<double>> series = {
        {"step_length", actual.step_length},
        {"turning_angle", angles},
        {"acceleration_sq", actual.acceleration_squared},
        {"residual_affine_H3", actual.residual_norm}};
    const double step = actual.step_length.empty() ? 0.0
                                                   : *std::max_element(actual.step_length.begin(),
                                                                       actual.step_length.end());
    for (const auto& [key, values] : series) {
      SCOPED_TRACE(name + " " + key);
      const auto expected = entry.at("per_frame").at(key).get<std::vector<double>>();
      ASSERT_EQ(values.size(), expected.size());
      for (size_t t = 0; t < values.size(); ++t) {
        const bool by_steps = std::abs(expected[t]) < 1e-5 * step;
        EXPECT_NEAR(values[t], expected[t], by_steps ? 1e-5 * step : 1e-8 * std::abs(expected[t]))
            << t;
      }
    }
  }
}

TEST(Geophys, SpeedAnglesAndAccelerationAreSymmetricInTime) {
  auto input = read_safetensors(testing::golden_path("geophys/trajectories.safetensors"));
  input["random"] = normal_rows(20, 300, 5);
  for (const auto& [name, rows] : input) {
    SCOPED_TRACE(name);
    const auto forward = geophys_statistics(rows);
    const auto backward = geophys_statistics(rows.flip({0}));
    const auto same = [](const std::optional<double>& a, const std::optional<double>& b) {
      ASSERT_EQ(a.has_value(), b.has_value());
      if (a) {
        EXPECT_NEAR(*a, *b, 1e-9 * std::abs(*a) + 1e-15);
      }
    };
    same(forward.speed, backward.speed);
    same(forward.curv, backward.curv);
    same(forward.ang, backward.ang);
    same(forward.accel, backward.accel);
  }
}

TEST(Geophys, ThereAndBackHasOneTurnOfPi) {
  const auto input = read_safetensors(testing::golden_path("geophys/trajectories.safetensors"));
  const auto angles = geophys_statistics(input.at("reversal")).turning_radians;
  EXPECT_EQ(std::count_if(angles.begin(), angles.end(),
                          [](const auto& a) { return a && std::abs(*a - M_PI) < 1e-9; }),
            1);
}

TEST(Geophys, StraightPathKeepsItsDigits) {
  at::Tensor rows = at::zeros({10, 4}, at::kDouble);
  for (int64_t t = 0; t < 10; ++t) rows[t].fill_(0.1 * static_cast<double>(t));
  // arccos would read about 1e-8 radians here.
  EXPECT_LT(*geophys_statistics(rows).curv, 1e-14);
}

TEST(Geophys, TrendOverTwoFramesIsTheAcceleration) {
  GeophysOptions options;
  options.residual = GeophysOptions::Residual::kTrend;
  options.history = 2;
  const auto result = geophys_statistics(normal_rows(9, 40, 3), options);
  ASSERT_EQ(result.residual_norm.size(), result.acceleration_squared.size());
  for (size_t t = 0; t < result.residual_norm.size(); ++t) {
    EXPECT_NEAR(result.residual_norm[t], std::sqrt(result.acceleration_squared[t]), 1e-12);
  }
}

TEST(Geophys, SpanOfOneFrameIsTheFrameItself) {
  GeophysOptions options;
  options.history = 1;
  const auto result = geophys_statistics(normal_rows(6, 40, 3), options);
  ASSERT_EQ(result.residual_norm.size(), result.step_length.size());
  for (size_t t = 0; t < result.residual_norm.size(); ++t) {
    EXPECT_NEAR(result.residual_norm[t], result.step_length[t], 1e-12 * result.step_length[t]);
  }
}

TEST(Geophys, ResidualDoesNotDependOnUnusedDimensions) {
  // Rows wider than they are many are rotated into fewer coordinates; zeros must change nothing.
  const at::Tensor narrow = normal_rows(12, 9, 4);
  const at::Tensor wide = at::cat({narrow, at::zeros({12, 200})}, 1);
  for (const char* name : {"affine_span", "linear_span", "trend", "scalar_ar", "ridge_ar"}) {
    GeophysOptions options;
    options.residual = geophys_residual_from_name(name);
    EXPECT_NEAR(*geophys_statistics(narrow, options).perr, *geophys_statistics(wide, options).perr,
                1e-11)
        << name;
  }
}

TEST(Geophys, AllZeroEmbeddingsAreDefinedUnderEveryResidual) {
  for (const char* name : {"affine_span", "linear_span", "trend", "scalar_ar", "ridge_ar"}) {
    GeophysOptions options;
    options.residual = geophys_residual_from_name(name);
    const auto result = geophys_statistics(at::zeros({8, 5}), options);
    EXPECT_EQ(*result.perr, 0.0) << name;
    EXPECT_EQ(*result.speed, 0.0) << name;
    EXPECT_FALSE(result.curv.has_value()) << name;
  }
}

TEST(Geophys, NonFiniteValuesAreRefused) {
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    at::Tensor rows = normal_rows(5, 6, 1);
    rows[3][2] = bad;
    expect_error(ErrorKind::kInput, "frame 3 value 2", [&] { geophys_statistics(rows); });
  }
  expect_error(ErrorKind::kInput, "overflow float64",
               [] { geophys_statistics(at::eye(3, at::kDouble) * 1e200); });
}

TEST(Geophys, NoFramesGiveNothing) {
  const auto result = geophys_statistics(at::zeros({0, 3}));
  EXPECT_FALSE(result.speed || result.curv || result.ang || result.accel || result.perr);
}

TEST(GeophysOptions, ValidateAndNames) {
  GeophysOptions options;
  options.history = 0;
  expect_error(ErrorKind::kUsage, "geophys.history", [&] { options.validate(); });
  options.history = 1;
  options.validate();
  options.residual = GeophysOptions::Residual::kTrend;
  expect_error(ErrorKind::kUsage, "expected 2 to 1000", [&] { options.validate(); });
  expect_error(ErrorKind::kUsage, "affine_span", [] { geophys_residual_from_name("afine_span"); });
  expect_error(ErrorKind::kUsage, "geophys.std",
               [] { geophys_standard_deviation_from_name("ddof"); });
  EXPECT_EQ(geophys_standard_deviation_from_name("sample"),
            GeophysOptions::StandardDeviation::kSample);
  EXPECT_EQ(GeophysOptions().canonical(),
            "geophys/1 std=population zero_step=skip residual=affine_span history=3");
}

}  // namespace
}  // namespace physprobe
