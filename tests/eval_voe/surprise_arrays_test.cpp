#include "physprobe/eval/voe/surprise_arrays.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/probes/surprise.h"

#include "support/temp_dir.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::throws_error;

class SurpriseArrayFiles : public ::testing::Test {
 protected:
  std::string file(const std::map<std::string, at::Tensor>& tensors) {
    write_safetensors(dir_ / "a.safetensors", tensors);
    return dir_ / "a.safetensors";
  }
  std::string manifest(const std::string& text) {
    write_file_atomic(dir_ / "m.csv", text);
    return dir_ / "m.csv";
  }
  testing::TempDir dir_;
};

TEST(Surprise, IsTheMeanDistanceToNormalisedTargets) {
  // Two tokens of width 2. Target (1, 3) has mean 2 and variance 1, so it becomes (-s, s) with
  // s = 1 / sqrt(1 + 1e-5); the constant token becomes 0.
  const at::Tensor target = at::tensor({1.0, 3.0, 5.0, 5.0}, at::kDouble).reshape({2, 2});
  const at::Tensor prediction = at::tensor({0.0, 0.0, 1.0, -2.0}, at::kDouble).reshape({2, 2});
  const double s = 1.0 / std::sqrt(1.0 + 1e-5);
  EXPECT_NEAR(surprise_of(prediction, target)[0], (2.0 * s + 3.0) / 4.0, 1e-15);
  EXPECT_NEAR(surprise_of(prediction, target, false)[0], (1.0 + 3.0 + 4.0 + 7.0) / 4.0, 1e-15);
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "differ in shape",
                           [&] { surprise_of(prediction, target.slice(0, 0, 1)); }));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "not finite", [&] {
    surprise_of(at::full({2, 2}, std::numeric_limits<double>::infinity()), target);
  }));
}

TEST_F(SurpriseArrayFiles, PredictionsAndTargetsGiveCurvesAndTheZeroNull) {
  at::manual_seed(3);
  const at::Tensor target = at::randn({2, 3, 4, 8});
  SurpriseArrayOptions options;
  options.contexts = {2, 4};
  options.normalises_targets = false;
  const SurpriseArrays arrays = read_surprise_arrays(
      file({{"clip/1.prediction", target + 0.25}, {"clip/1.target", target}}), options);
  ASSERT_EQ(arrays.set.items.size(), 1U);
  EXPECT_EQ(arrays.set.items[0].id, "clip/1");
  for (const auto& curve : arrays.set.items[0].curves) {
    ASSERT_EQ(curve.size(), 3U);
    for (const double value : curve) EXPECT_NEAR(value, 0.25, 1e-6) << "float32 sums";
  }
  ASSERT_EQ(arrays.zero_prediction.size(), 1U);
  EXPECT_NEAR(arrays.zero_prediction[0], target.abs().mean().item<double>(), 1e-6);
}

TEST_F(SurpriseArrayFiles, WhatDoesNotFitTheManifestIsListed) {
  const at::Tensor curve = at::ones({1, 2});
  SurpriseArrayOptions options;
  options.manifest =
      manifest("id,label,pair\na,possible,p\nb,impossible,p\nc,maybe,q\nd,0,q\na,1,p\n");
  const SurpriseArrays arrays = read_surprise_arrays(
      file({{"a", curve}, {"b.surprise", curve}, {"c", curve}, {"x", curve}}), options);
  EXPECT_EQ(arrays.set.items.size(), 2U);
  std::map<std::string, std::string> kinds;
  for (const PairProblem& problem : arrays.problems) kinds[problem.kind] = problem.id;
  const std::map<std::string, std::string> expected = {
      {"label is neither possible nor impossible", "c"},
      {"missing array", "d"},
      {"duplicate", "a"},
      {"not in the manifest", "x"}};
  EXPECT_EQ(kinds, expected);
}

TEST_F(SurpriseArrayFiles, NanAtTheEndIsPaddingAndElsewhereADefect) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const at::Tensor padded = at::tensor({1.0, 2.0, nan, 3.0, 4.0, nan}, at::kDouble).reshape({2, 3});
  const at::Tensor broken = at::tensor({1.0, nan, 2.0, 3.0, 4.0, 5.0}, at::kDouble).reshape({2, 3});
  const SurpriseArrays arrays = read_surprise_arrays(file({{"a", padded}, {"b", broken}}), {});
  ASSERT_EQ(arrays.set.items.size(), 1U);
  EXPECT_EQ(arrays.set.items[0].curves[1].size(), 2U);
  EXPECT_EQ(arrays.padded_windows, 1);
  ASSERT_EQ(arrays.problems.size(), 1U);
  EXPECT_EQ(arrays.problems[0].id, "b");
}

TEST_F(SurpriseArrayFiles, OneArrayOfAllItemsNeedsIdsOrAManifestOfItsLength) {
  const std::string path = file({{"losses", at::rand({3, 2, 4})}});
  EXPECT_TRUE(
      throws_error(ErrorKind::kInput, "without ids", [&] { read_surprise_arrays(path, {}); }));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "no floating array",
                           [&] { read_surprise_arrays(path + ":other", {}); }));
  write_safetensors(dir_ / "b.safetensors",
                    {{"losses", at::rand({3, 2, 4})}, {"ids", at::arange(3, at::kLong)}});
  const SurpriseArrays arrays = read_surprise_arrays("mine=" + (dir_ / "b.safetensors"), {});
  EXPECT_EQ(arrays.set.model, "mine");
  ASSERT_EQ(arrays.set.items.size(), 3U);
  EXPECT_EQ(arrays.set.items[2].id, "2");
}

}  // namespace
}  // namespace physprobe
