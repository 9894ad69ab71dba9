#include "physprobe/probes/geophys_best_of_n.h"

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
using Rule = BestOfNOptions::Rule;

TEST(GeophysBestOfNGolden, EveryRuleOverSixScenarios) {
  const auto file = SafetensorsFile::open(testing::golden_path("geophys/best_of_n.safetensors"));
  const auto golden = read_json(testing::golden_path("geophys/best_of_n.json"));
  const at::Tensor statistics = file.read("statistics");
  const at::Tensor quality = file.read("quality");
  const std::vector<std::pair<std::string, BestOfNOptions>> rules = {
      {"sum_z", {Rule::kSumZ, 0}},      {"sum_rank", {Rule::kSumRank, 0}},
      {"sum_log", {Rule::kSumLog, 0}},  {"single_0", {Rule::kSingle, 0}},
      {"single_1", {Rule::kSingle, 1}}, {"single_4", {Rule::kSingle, 4}}};
  for (const auto& [name, options] : rules) {
    SCOPED_TRACE(name);
    const auto& expected = golden.at(name);
    std::vector<int64_t> chosen;
    for (int64_t scenario = 0; scenario < statistics.size(0); ++scenario) {
      const auto choice = best_of_n(statistics[scenario], options);
      chosen.push_back(choice.candidate);
      const auto& values = expected.at("value").at(static_cast<size_t>(scenario));
      ASSERT_EQ(choice.value.size(), values.size());
      for (size_t c = 0; c < values.size(); ++c) {
        ASSERT_EQ(choice.value[c].has_value(), !values[c].is_null()) << scenario << " " << c;
        if (choice.value[c]) {
          EXPECT_NEAR(*choice.value[c], values[c].get<double>(), 1e-9) << scenario << " " << c;
        }
      }
    }
    EXPECT_EQ(chosen, expected.at("chosen").get<std::vector<int64_t>>());
    const auto gain = best_of_n_gain(quality, chosen);
    EXPECT_NEAR(gain.chosen, expected.at("mean_quality").get<double>(), 1e-9);
    EXPECT_NEAR(gain.oracle, golden.at("oracle_mean").get<double>(), 1e-9);
    EXPECT_NEAR(gain.random, golden.at("random_expected").get<double>(), 1e-9);
    EXPECT_NEAR(gain.first, golden.at("first_candidate").get<double>(), 1e-9);
    EXPECT_NEAR(gain.gap_closed, golden.at("gap_closed").at(name).get<double>(), 1e-9);
  }
}

TEST(GeophysBestOfN, AllCandidatesOutIsFlagged) {
  const auto choice = best_of_n(at::full({3, 2}, std::nan("")));
  EXPECT_TRUE(choice.all_out);
  EXPECT_EQ(choice.candidate, 0);
  EXPECT_FALSE(choice.value[1].has_value());
}

TEST(GeophysBestOfN, EqualPoolTakesTheFirst) {
  for (const auto rule : {Rule::kSumZ, Rule::kSumRank, Rule::kSumLog, Rule::kSingle}) {
    EXPECT_EQ(best_of_n(at::full({4, 3}, 0.1, at::kDouble), {rule, 0}).candidate, 0);
  }
}

TEST(GeophysBestOfN, StillCandidateHasTheLowestLogarithm) {
  EXPECT_EQ(
      best_of_n(at::arange(3, -1, -1, at::kDouble).reshape({4, 1}), {Rule::kSumLog, 0}).candidate,
      3);
}

TEST(GeophysBestOfN, WrongInputIsRefused) {
  const at::Tensor pool = at::ones({3, 2});
  expect_error(ErrorKind::kUsage, "expected 0 to 1", [&] { best_of_n(pool, {Rule::kSingle, 2}); });
  expect_error(ErrorKind::kInput, "not negative", [&] { best_of_n(-pool, {Rule::kSumLog, 0}); });
  expect_error(ErrorKind::kInput, "(candidates, statistics)", [] { best_of_n(at::ones({3})); });
  expect_error(ErrorKind::kInput, "expected a finite number", [] {
    best_of_n(at::full({2, 2}, std::numeric_limits<double>::infinity()));
  });
  expect_error(ErrorKind::kInput, "one for each of 3", [&] { best_of_n_gain(pool, {0}); });
  expect_error(ErrorKind::kInput, "lies outside", [&] { best_of_n_gain(pool, {0, 0, 2}); });
  EXPECT_TRUE(std::isnan(best_of_n_gain(pool, {0, 0, 0}).gap_closed));
}

}  // namespace
}  // namespace physprobe
