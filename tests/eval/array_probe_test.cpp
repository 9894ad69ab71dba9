#include "physprobe/eval/array_probe.h"

#include "physprobe/core/error.h"
#include "physprobe/core/safetensors.h"

#include "support/temp_dir.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

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

TEST_F(ArrayProbe, ShortTrajectoriesGetThePartialVectorOrNothing) {
  const at::Tensor z = at::sin(at::arange(7 * 3, at::kFloat)).reshape({7, 3});
  const auto results = probe_all(write({{"seven", z}, {"two", z.slice(0, 0, 2).contiguous()}}));
  EXPECT_TRUE(results.at("seven")["restrav21"].is_null());
  EXPECT_EQ(results.at("seven")["restrav_partial"].size(), 19U);
  EXPECT_TRUE(results.at("two")["distance"].empty());
  EXPECT_TRUE(results.at("two")["curvature_deg"].empty());
  EXPECT_TRUE(results.at("two")["mean_curvature_deg"].is_null());
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
  EXPECT_THROW(probe_all(path, refuse), Error);
}

}  // namespace
}  // namespace physprobe
