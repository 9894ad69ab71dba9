#include "physprobe/eval/array_probe.h"

#include "physprobe/core/error.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <map>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

std::map<std::string, Json> probe_all(const std::string& path,
                                      const ArrayProbeOptions& options = {}) {
  std::map<std::string, Json> results;
  probe_arrays(path, options,
               [&](const std::string& name, const Json& result) { results[name] = result; });
  return results;
}

class ArrayProbe : public ::testing::Test {
 protected:
  std::string write(const std::map<std::string, at::Tensor>& tensors) {
    const std::string path = dir_ / "trajectories.safetensors";
    write_safetensors(path, tensors);
    return path;
  }
  testing::TempDir dir_;
};

TEST_F(ArrayProbe, GivesTheDocumentedFieldsUnderTheTensorsName) {
  const at::Tensor z = at::sin(at::arange(24 * 5, at::kFloat)).reshape({24, 5});
  const auto results = probe_all(write({{"walk", z}}));
  ASSERT_EQ(results.count("walk"), 1U);
  const Json& walk = results.at("walk");
  EXPECT_EQ(walk["distance"].size(), 23U);
  EXPECT_EQ(walk["curvature_deg"].size(), 22U);
  EXPECT_TRUE(walk["mean_curvature_deg"].is_number());
  EXPECT_TRUE(walk["henaff_mean_curvature_deg"].is_number());
  EXPECT_EQ(walk["restrav21"].size(), 21U);
  EXPECT_TRUE(walk["restrav_partial"].is_null());
  for (const char* name : {"speed", "curv", "ang", "accel", "perr"})
    EXPECT_TRUE(walk["geophys"][name].is_number()) << name;
  EXPECT_EQ(walk["n_zero_steps"], 0);
}

TEST_F(ArrayProbe, ShortTrajectoriesGetThePartialVector) {
  const at::Tensor z = at::sin(at::arange(7 * 3, at::kFloat)).reshape({7, 3});
  const auto results = probe_all(write({{"seven", z}, {"three", z.slice(0, 0, 3).contiguous()}}));
  EXPECT_TRUE(results.at("seven")["restrav21"].is_null());
  EXPECT_EQ(results.at("seven")["restrav_partial"].size(), 19U);
  EXPECT_EQ(results.at("three")["distance"].size(), 2U);
  EXPECT_EQ(results.at("three")["curvature_deg"].size(), 1U);
  EXPECT_EQ(results.at("three")["restrav_partial"].size(), 11U);
}

TEST_F(ArrayProbe, FewerThanThreeFramesGiveEmptyListsAndNulls) {
  const at::Tensor z = at::sin(at::arange(6, at::kFloat)).reshape({2, 3});
  const auto results =
      probe_all(write({{"0", at::empty({0, 3})}, {"1", z.slice(0, 0, 1).contiguous()}, {"2", z}}));
  ASSERT_EQ(results.size(), 3U);
  for (const auto& [name, result] : results) {
    EXPECT_EQ(result["distance"], Json::array()) << name;
    EXPECT_EQ(result["curvature_deg"], Json::array()) << name;
    for (const char* field :
         {"mean_curvature_deg", "henaff_mean_curvature_deg", "restrav21", "restrav_partial"}) {
      EXPECT_TRUE(result[field].is_null()) << name << " " << field;
    }
    EXPECT_EQ(result["n_zero_steps"], 0) << name;
    for (const char* statistic : {"curv", "ang", "accel", "perr"}) {
      EXPECT_TRUE(result["geophys"][statistic].is_null()) << name << " " << statistic;
    }
  }
  // One step has a spread of 0 (golden/geophys, T2); none has none.
  EXPECT_TRUE(results.at("1")["geophys"]["speed"].is_null());
  EXPECT_EQ(results.at("2")["geophys"]["speed"], 0.0);
}

TEST_F(ArrayProbe, ReadsTheGoldenFileAsItIsAndMatchesIt) {
  const std::string path = testing::golden_path("straightening/arrays.safetensors");
  const auto golden = read_safetensors(path);
  std::map<std::string, Json> results;
  const ArrayProbeSummary summary = probe_arrays(
      path, {}, [&](const std::string& name, const Json& result) { results[name] = result; });
  EXPECT_TRUE(summary.failures.empty());
  EXPECT_EQ(summary.probed, 15);
  EXPECT_EQ(summary.left_out.size(), golden.size() - 15);
  for (const auto& [name, result] : results) {
    ASSERT_EQ(name.substr(name.size() - 2), ".Z");
    const std::string stem = name.substr(0, name.size() - 2);
    const auto distance = result["distance"].get<std::vector<double>>();
    const at::Tensor expected = golden.at(stem + ".d").to(at::kDouble);
    ASSERT_EQ(static_cast<int64_t>(distance.size()), expected.size(0)) << name;
    for (std::size_t t = 0; t < distance.size(); ++t) {
      const double value = expected[static_cast<int64_t>(t)].item<double>();
      EXPECT_NEAR(distance[t], value, 1e-6 * value) << name;  // the golden README's tolerance
    }
    EXPECT_EQ(result["curvature_deg"].size(), distance.size() - 1) << name;
    const bool is_complete = expected.size(0) >= 7;
    EXPECT_EQ(result["restrav21"].is_null(), !is_complete) << name;
    EXPECT_EQ(static_cast<int64_t>(result[is_complete ? "restrav21" : "restrav_partial"].size()),
              golden.at(stem + ".feat").size(0));
  }
}

TEST_F(ArrayProbe, ABrokenTrajectoryFailsAloneWithItsReason) {
  at::Tensor broken = at::ones({5, 2});
  broken[3][1] = std::nan("");
  const std::string path = write({{"a", at::rand({5, 2})}, {"b", broken}, {"c", at::rand({5, 2})}});
  std::map<std::string, Json> results;
  const ArrayProbeSummary summary = probe_arrays(
      path, {}, [&](const std::string& name, const Json& result) { results[name] = result; });
  EXPECT_EQ(summary.probed, 2);
  ASSERT_EQ(summary.failures.size(), 1U);
  EXPECT_EQ(summary.failures[0].rfind("b: frame 3: value 1 of 2 is NaN", 0), 0U)
      << summary.failures[0];
  EXPECT_EQ(results.at("b").size(), 1U);
  EXPECT_TRUE(results.at("b").contains("error"));
  EXPECT_EQ(results.at("c")["distance"].size(), 4U);
}

TEST_F(ArrayProbe, RepeatedFramesFollowTheRule) {
  const at::Tensor z = at::tensor({0.F, 1.F, 1.F, 2.F, 3.F}).reshape({5, 1});
  const std::string path = write({{"z", z}});
  EXPECT_EQ(probe_all(path).at("z")["n_zero_steps"], 1);
  // Angles at steps (1,0), (0,1), (1,1): 90, 90, 0.
  EXPECT_NEAR(probe_all(path).at("z")["mean_curvature_deg"].get<double>(), 60.0, 1e-9);
  ArrayProbeOptions drop;
  drop.repeated_frames = RepeatedFrames::kDrop;
  EXPECT_NEAR(probe_all(path, drop).at("z")["mean_curvature_deg"].get<double>(), 0.0,
              0.05);  // acos near 1
  ArrayProbeOptions refuse;
  refuse.repeated_frames = RepeatedFrames::kError;
  EXPECT_NE(probe_all(path, refuse).at("z")["error"].get<std::string>().find("'error'"),
            std::string::npos);
}

}  // namespace
}  // namespace physprobe
