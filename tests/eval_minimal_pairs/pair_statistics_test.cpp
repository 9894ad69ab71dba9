// Everything pair_stats.json holds, against the library (golden README: tolerance 1e-10, the
// bootstrap with the given indices).

#include "physprobe/core/json_lines.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/core/statistics/binomial.h"
#include "physprobe/core/statistics/cluster_robust.h"
#include "physprobe/core/statistics/mcnemar.h"
#include "physprobe/core/statistics/proportion.h"
#include "physprobe/core/statistics/resampled_interval.h"
#include "physprobe/core/statistics/summary.h"
#include "physprobe/eval/minimal_pairs/grouped_scores.h"
#include "physprobe/eval/minimal_pairs/model_comparison.h"
#include "physprobe/eval/minimal_pairs/pair_scores.h"
#include "physprobe/eval/minimal_pairs/surprise_pairs.h"

#include "support/golden.h"

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace physprobe {
namespace {

constexpr double kTolerance = 1e-10;
const double kNaN = std::numeric_limits<double>::quiet_NaN();

/// A model of the golden as a task: pair k has the members k_1 and k_2.
PairTask task_of(const at::Tensor& ratings, const at::Tensor& clusters, const at::Tensor& groups) {
  PairTask task{"golden", "golden", {}};
  for (int64_t k = 0; k < ratings.size(0); ++k) {
    for (int64_t m = 0; m < 2; ++m) {
      PairItem item;
      item.id = std::to_string(1000 + k) + "_" + std::to_string(m + 1);
      item.pair = pair_stem(item.id);
      item.cluster = std::to_string(clusters[k].item<int64_t>());
      item.source = std::to_string(groups[k].item<int64_t>());
      item.label = static_cast<int>(m);
      const bool right = ratings[k][m].item<int64_t>() != 0;
      const int prediction = right ? item.label : 1 - item.label;
      item.verdicts = {Verdict{prediction, right}, Verdict{prediction, right}};
      task.items.push_back(item);
    }
  }
  return task;
}

class PairStatistics : public ::testing::Test {
 protected:
  void SetUp() override {
    golden_ = read_json(testing::golden_path("minimal_pairs/pair_stats.json"));
    arrays_ = read_safetensors(testing::golden_path("minimal_pairs/pair_stats.safetensors"));
  }
  PairTask model(const char* name) const {
    return task_of(arrays_.at(name), arrays_.at("cluster"), arrays_.at("group"));
  }

  /// The statistic of each given resample of the pair values.
  std::vector<double> resampled_means(const std::vector<double>& values) const {
    const at::Tensor index = arrays_.at("bootstrap_index").to(at::kLong).contiguous();
    const int64_t* data = index.data_ptr<int64_t>();
    std::vector<double> means;
    for (int64_t r = 0; r < index.size(0); ++r) {
      double sum = 0.0;
      for (int64_t i = 0; i < index.size(1); ++i)
        sum += values[static_cast<std::size_t>(data[r * index.size(1) + i])];
      means.push_back(sum / static_cast<double>(index.size(1)));
    }
    return means;
  }

  Interval percentile(const std::vector<double>& statistics) const {
    BootstrapOptions options;
    options.method = BootstrapOptions::Method::kPercentile;
    return resampled_interval(statistics, kNaN, kNaN, 60, options);
  }

  static std::vector<double> pair_values(const PairTask& task) {
    const auto units = pair_units(task);
    std::vector<double> values;
    for (const PairUnit& unit : units)
      values.push_back(unit.is_right(AnswerRule::kStrict) ? 1.0 : 0.0);
    return values;
  }

  nlohmann::json golden_;
  std::map<std::string, at::Tensor> arrays_;
};

void expect_interval(const Interval& interval, const nlohmann::json& expected, double scale) {
  EXPECT_NEAR(interval.low, scale * expected[0].get<double>(), scale * kTolerance) << expected;
  EXPECT_NEAR(interval.high, scale * expected[1].get<double>(), scale * kTolerance) << expected;
}

TEST_F(PairStatistics, ScoresIntervalsAndTestsOfEachModel) {
  const std::map<std::string, const char*> names = {
      {"A", "model_A"}, {"B", "model_B"}, {"constant_answer", "model_constant"}};
  for (const auto& [key, array] : names) {
    const auto& expected = golden_.at("models").at(key);
    const PairTask task = model(array);
    const auto units = pair_units(task);
    const PairScores scores = score_pairs("golden", task, all_of(units), {});
    SCOPED_TRACE(key);
    EXPECT_EQ(scores.n_pairs, 60);
    // Percent: the golden's shares times 100.
    EXPECT_NEAR(scores.single.value, 100.0 * expected.at("single").get<double>(), 1e-9);
    EXPECT_NEAR(scores.pair.value, 100.0 * expected.at("pair").get<double>(), 1e-9);
    EXPECT_EQ(scores.both, expected.at("both_one_none")[0].get<int64_t>());
    EXPECT_EQ(scores.one, expected.at("both_one_none")[1].get<int64_t>());
    EXPECT_EQ(scores.none, expected.at("both_one_none")[2].get<int64_t>());
    EXPECT_NEAR(scores.independent_pair,
                100.0 * expected.at("independence_expected_pair_from_single").get<double>(), 1e-9);
    EXPECT_NEAR(scores.pair_minus_independent,
                100.0 * expected.at("pair_minus_single_squared").get<double>(), 1e-9);
    EXPECT_NEAR(scores.feasible_low,
                100.0 * expected.at("feasible_pair_range_given_single")[0].get<double>(), 1e-9);
    EXPECT_NEAR(scores.feasible_high,
                100.0 * expected.at("feasible_pair_range_given_single")[1].get<double>(), 1e-9);
    EXPECT_NEAR(scores.phi, expected.at("within_pair_phi").get<double>(), kTolerance);
    expect_interval(scores.pair.interval, expected.at("wilson95"), 100.0);
    ASSERT_EQ(scores.pair.intervals.size(), 4U);
    EXPECT_EQ(scores.pair.intervals[0].method, "clopper-pearson");
    expect_interval(scores.pair.intervals[0], expected.at("clopper_pearson95"), 100.0);
    EXPECT_NEAR(scores.pair_against_chance.two_sided_p,
                expected.at("binomial_p_two_sided_vs_0.25").get<double>(), kTolerance);
    EXPECT_NEAR(scores.pair_against_chance.greater_p,
                expected.at("binomial_p_greater_than_0.25").get<double>(), kTolerance);
    EXPECT_NEAR(scores.cluster_se, 100.0 * expected.at("cluster_robust_se").get<double>(), 1e-8);
    const std::vector<double> means = resampled_means(pair_values(task));
    expect_interval(percentile(means), expected.at("bootstrap_percentile95"), 1.0);
    EXPECT_NEAR(std::sqrt(variance(means, 1)), expected.at("bootstrap_se_ddof1").get<double>(),
                kTolerance);
    double macro = 0.0;
    std::map<std::string, UnitList> groups;
    for (const PairUnit& unit : units) groups[unit.source].push_back(&unit);
    for (const auto& [name, list] : groups)
      macro += tabulated_statistic({pair_stratum(list, AnswerRule::kStrict)});
    EXPECT_NEAR(macro / static_cast<double>(groups.size()),
                expected.at("macro_over_groups").get<double>(), kTolerance);
  }
}

TEST_F(PairStatistics, ConstantAnswererIsSeenThrough) {
  const PairTask task = model("model_constant");
  const auto units = pair_units(task);
  const PairScores scores = score_pairs("constant", task, all_of(units), {});
  EXPECT_EQ(scores.pairs_same_answer, 60);
  EXPECT_EQ(scores.single.value, 50.0);
  const std::string sentence = explain_pair_accuracy(scores);
  EXPECT_NE(sentence.find("below the 25 %"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("100.0 %"), std::string::npos) << sentence;
}

TEST_F(PairStatistics, TwoModelsOnTheSamePairs) {
  const auto& expected = golden_.at("paired_comparison_A_B");
  const std::vector<double> a = pair_values(model("model_A"));
  const std::vector<double> b = pair_values(model("model_B"));
  std::vector<NamedRating> first, second;
  std::vector<double> differences;
  for (std::size_t i = 0; i < a.size(); ++i) {
    first.push_back({std::to_string(1000 + i), a[i] > 0.0});
    second.push_back({std::to_string(1000 + i), b[i] > 0.0});
    differences.push_back(a[i] - b[i]);
  }
  int64_t unshared = -1;
  const AgreementCounts counts = shared_agreement(first, second, &unshared);
  EXPECT_EQ(unshared, 0);
  const PairedDifference difference = paired_difference("all", counts, unshared, {});
  EXPECT_EQ(difference.mcnemar.only_first, expected.at("only_A").get<int64_t>());
  EXPECT_EQ(difference.mcnemar.only_second, expected.at("only_B").get<int64_t>());
  EXPECT_NEAR(difference.difference, 100.0 * expected.at("difference").get<double>(), 1e-9);
  EXPECT_NEAR(difference.mcnemar.exact_p, expected.at("mcnemar_exact_p").get<double>(), kTolerance);
  EXPECT_NEAR(difference.mcnemar.mid_p, expected.at("mcnemar_mid_p").get<double>(), kTolerance);
  expect_interval(percentile(resampled_means(differences)),
                  expected.at("bootstrap_difference_percentile95"), 1.0);
  EXPECT_NEAR(std::sqrt(variance(differences, 1) / 60.0), expected.at("paired_t_se").get<double>(),
              kTolerance);
}

TEST_F(PairStatistics, Baselines) {
  const auto& expected = golden_.at("random_baselines");
  for (const auto& policy : expected.at("video_blind_stochastic_p")) {
    EXPECT_NEAR(blind_pair_accuracy(policy.at("p_of_first_option").get<double>()),
                policy.at("pair").get<double>(), kTolerance);
  }
  for (const auto& count : expected.at("option_count_k")) {
    EXPECT_NEAR(chance_pair_accuracy(count.at("k").get<int>()), count.at("pair").get<double>(),
                kTolerance);
  }
}

TEST_F(PairStatistics, Winoground) {
  const at::Tensor s =
      read_safetensors(testing::golden_path("minimal_pairs/surprise_pairs.safetensors"))
          .at("winoground_scores");
  std::vector<std::vector<int>> right;
  for (int64_t i = 0; i < s.size(0); ++i) {
    CaptionVisualScores scores;
    for (std::size_t c = 0; c < 2; ++c) {
      for (std::size_t v = 0; v < 2; ++v)
        scores[c][v] = s[i][static_cast<int64_t>(c)][static_cast<int64_t>(v)].item<double>();
    }
    right.push_back(winoground_right(scores));
  }
  const auto& expected = golden_.at("winoground");
  const auto scores = grouped_scores(winoground_protocol(), right, {});
  const auto& chance = expected.at("chance_percent_uniform_scores");
  const std::vector<std::pair<const char*, const char*>> keys = {
      {"text", "text"}, {"image_or_video", "image"}, {"group", "group"}};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    EXPECT_NEAR(scores[i].value, expected.at(keys[i].first).get<double>(), 1e-9) << keys[i].first;
    EXPECT_NEAR(scores[i].chance, chance.at(keys[i].second).get<double>(), 1e-9);
  }
}

TEST_F(PairStatistics, NaturalBench) {
  std::vector<std::vector<int>> right;
  const auto& golden = golden_.at("naturalbench");
  for (const auto& row : golden.at("responses_q0i0_q0i1_q1i0_q1i1"))
    right.push_back(naturalbench_right(row.get<NaturalBenchAnswers>()));
  ASSERT_EQ(right.size(), 30U);
  for (const GroupedScore& score : grouped_scores(naturalbench_protocol(), right, {})) {
    EXPECT_NEAR(score.value, 100.0 * golden.at("expected").at(score.name).get<double>(), 1e-9)
        << score.name;
    EXPECT_LE(score.interval.low, score.value);
    EXPECT_GE(score.interval.high, score.value);
  }
}

TEST_F(PairStatistics, SurpriseOfPairsAndQuadruplets) {
  const auto arrays =
      read_safetensors(testing::golden_path("minimal_pairs/surprise_pairs.safetensors"));
  const auto pooled = [&](const char* name, WindowPooling pooling) {
    const at::Tensor clips = arrays.at(name).contiguous();
    std::vector<double> values;
    for (int64_t i = 0; i < clips.size(0); ++i) {
      const double* row = clips.data_ptr<double>() + i * clips.size(1);
      values.push_back(pooled_surprise({row, row + clips.size(1)}, pooling));
    }
    return values;
  };
  const std::map<std::string, WindowPooling> poolings = {{"mean", WindowPooling::kMean},
                                                         {"max", WindowPooling::kMax},
                                                         {"mean_top3", WindowPooling::kMeanTop3}};
  for (const auto& [name, pooling] : poolings) {
    const auto& expected = golden_.at("surprise_pairs").at(name);
    const RelativeAccuracy scores =
        relative_accuracy(pooled("possible", pooling), pooled("impossible", pooling));
    EXPECT_EQ(scores.n, 24);
    EXPECT_EQ(scores.ties, expected.at("ties").get<int64_t>()) << name;
    EXPECT_NEAR(scores.strict, expected.at("strict_percent").get<double>(), 1e-9) << name;
    EXPECT_NEAR(scores.half_credit, expected.at("half_credit_percent").get<double>(), 1e-9) << name;
  }
  const std::vector<double> possible = pooled("possible", WindowPooling::kMax);
  const std::vector<double> impossible = pooled("impossible", WindowPooling::kMax);
  std::vector<SurpriseQuadruplet> scenes;
  for (std::size_t k = 0; k + 1 < possible.size(); k += 2)
    scenes.push_back({{possible[k], possible[k + 1]}, {impossible[k], impossible[k + 1]}});
  const QuadrupletScores scores = quadruplet_scores(scenes);
  const auto& expected = golden_.at("surprise_quadruplets_max");
  EXPECT_NEAR(scores.both_pairs, expected.at("both_matched_pairs_correct_percent").get<double>(),
              1e-9);
  EXPECT_NEAR(scores.all_cross,
              expected.at("all_four_cross_comparisons_correct_percent").get<double>(), 1e-9);
  EXPECT_NEAR(scores.mean_cross, expected.at("mean_cross_comparison_percent").get<double>(), 1e-9);
  EXPECT_NEAR(scores.sum,
              expected.at("sum_possible_less_than_sum_impossible_percent").get<double>(), 1e-9);
}

TEST(IntphysPartner, IsTheLatestDifferenceFirstOfEquals) {
  EXPECT_EQ(intphys_partner({10, 40, 12}), 2);
  EXPECT_EQ(intphys_partner({100, 40, 100}), 1);
}

}  // namespace
}  // namespace physprobe
