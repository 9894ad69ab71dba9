#include "physprobe/core/statistics/effect_size.h"

#include "physprobe/core/json_lines.h"

#include "support/golden.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace physprobe {
namespace {

using Sample = std::vector<double>;

/// SciPy and the published notebook; both sides are doubles, sums in another order.
constexpr double kRelative = 1e-9;

void expect_close(double value, const nlohmann::json& expected) {
  EXPECT_NEAR(value, expected.get<double>(), kRelative * std::abs(expected.get<double>()));
}

TEST(EffectSize, MatchesTheGolden) {
  const auto golden = read_json(testing::golden_path("voe/metrics_expected.json")).at("statistics");
  for (const char* name : {"n5_vs_n20", "near_null", "equal_n"}) {
    const auto& example = golden.at(name);
    const auto trained = example.at("trained").get<Sample>();
    const auto untrained = example.at("untrained").get<Sample>();
    const EffectSize effect = hedges_g(trained, untrained);
    expect_close(effect.g, example.at("hedges_g"));
    expect_close(effect.half_width, example.at("g_half_width95"));
    const TTest welch = welch_t_test(untrained, trained);
    expect_close(welch.t, example.at("welch_t"));
    expect_close(welch.less_p, example.at("welch_p_less"));
    const TTest student = student_t_test(untrained, trained);
    expect_close(student.t, example.at("student_t"));
    // A tail of 1e-17 amplifies what t carries of rounding some forty times.
    EXPECT_NEAR(student.less_p, example.at("student_p_less").get<double>(),
                1e-7 * example.at("student_p_less").get<double>());
    EXPECT_NEAR(student.less_p + student.greater_p, 1.0, 1e-12);
  }
  const auto& one = golden.at("one_sample");
  const TTest sample = one_sample_t_test(one.at("x").get<Sample>());
  expect_close(sample.t, one.at("t"));
  expect_close(sample.greater_p, one.at("p_greater"));
  const auto& paired = golden.at("paired");
  Sample difference = paired.at("a").get<Sample>();
  const auto b = paired.at("b").get<Sample>();
  for (std::size_t i = 0; i < b.size(); ++i) difference[i] -= b[i];
  expect_close(one_sample_t_test(difference).t, paired.at("t"));
}

TEST(EffectSize, SamplesThatCannotBeTestedGiveNan) {
  EXPECT_TRUE(std::isnan(hedges_g({1.0}, {2.0}).g));
  EXPECT_TRUE(std::isnan(hedges_g({1.0, 1.0}, {2.0, 2.0}).g)) << "nothing varies";
  EXPECT_TRUE(std::isnan(welch_t_test({1.0, 2.0}, {1.0}).t));
  EXPECT_TRUE(std::isnan(one_sample_t_test({3.0, 3.0}).greater_p));
  EXPECT_DOUBLE_EQ(student_cdf(0.0, 7.0), 0.5);
  EXPECT_NEAR(student_cdf(1.0, 1.0), 0.75, 1e-14) << "Cauchy";
}

}  // namespace
}  // namespace physprobe
