#include "physprobe/eval/minimal_pairs/compare_pairs.h"

#include "physprobe/eval/minimal_pairs/score_mvp.h"

#include "support/golden.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::throws_error;

nlohmann::json golden_results(const PairScoreOptions& scores = {}) {
  ModelProblems problems;
  MvpOptions options;
  options.scores = scores;
  return nlohmann::json::parse(
      score_mvp({testing::golden_path("minimal_pairs")}, options, nullptr, problems).dump());
}

TEST(ComparePairs, SetsARunAmongPublishedResultsOfItsSubset) {
  const auto comparison = compare_pair_runs({golden_results()}, {"mine"});
  const auto& rows = comparison.at("subsets").at("mvp_mini");
  ASSERT_EQ(rows.size(), 4U) << "this run, and the three published for the reduced benchmark";
  EXPECT_EQ(comparison.at("subsets").size(), 1U) << "results of the full benchmark are not shown";
  EXPECT_EQ(rows[0].at("model"), "V-JEPA 2 with a language model");
  EXPECT_EQ(rows[1].at("origin"), "mine");
  EXPECT_NEAR(rows[1].at("pair_accuracy").at("value").get<double>(), 41.36904761904762, 1e-9);
  EXPECT_EQ(rows[2].at("model"), "InternVL2.5 8B");
  const std::string text = format_pair_comparison(comparison);
  EXPECT_NE(text.find("41.37"), std::string::npos) << text;
  EXPECT_NE(text.find("29.23"), std::string::npos) << text;
}

TEST(ComparePairs, NeverMixesProtocolsOrRules) {
  const nlohmann::json mine = golden_results();
  nlohmann::json other = mine;
  other["protocol"] = "pairs/generic-1";
  EXPECT_TRUE(throws_error(ErrorKind::kIncompatible, "pairs/generic-1", [&] {
    compare_pair_runs({mine, other}, {"a", "b"});
  }));
  PairScoreOptions robust;
  robust.rule = AnswerRule::kRobust;
  const nlohmann::json by_other_rule = golden_results(robust);
  EXPECT_TRUE(throws_error(ErrorKind::kIncompatible, "answer rule", [&] {
    compare_pair_runs({mine, by_other_rule}, {"a", "b"});
  }));
  const auto alone = compare_pair_runs({by_other_rule}, {"robust"});
  EXPECT_EQ(alone.at("subsets").at("mvp_mini").size(), 1U) << "published scores use the other rule";
}

TEST(ScoreMvp, DocumentHasThePromisedKeys) {
  const nlohmann::json results = golden_results();
  const auto& task = results.at("tasks").at("mvp_mini_temporal_reasoning");
  EXPECT_EQ(task.at("n_items"), 24);
  EXPECT_EQ(task.at("n_pairs"), 12);
  for (const auto& [scores, n] : {std::pair{task, 12}, {results.at("group"), 59}}) {
    EXPECT_EQ(scores.at("pair_accuracy").at("n"), n);
    for (const char* name : {"single_accuracy", "pair_accuracy"}) {
      EXPECT_TRUE(scores.at(name).at("value").is_number());
      EXPECT_LE(scores.at(name).at("interval").at("low").get<double>(),
                scores.at(name).at("value").get<double>());
    }
  }
  EXPECT_GT(results.at("scores").size(), 10U);
  EXPECT_EQ(results.at("models")[0].at("parsers").at("n_changed"),
            results.at("models")[0].at("parsers").at("changed").size());
}

TEST(ScoreMvp, ControlsBelongToOneModel) {
  ModelProblems problems;
  MvpOptions options;
  options.controls = {{ControlKind::kBlind, testing::golden_path("minimal_pairs")}};
  const auto results =
      score_mvp({testing::golden_path("minimal_pairs")}, options, nullptr, problems);
  ASSERT_EQ(results.at("controls").size(), 1U);
  EXPECT_EQ(results["controls"][0]["full_minus_control"]["difference"], 0.0);
  EXPECT_EQ(results["controls"][0]["share_of_full_solved_by_control"], 100.0);
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "one model", [&] {
    score_mvp(
        {testing::golden_path("minimal_pairs"), "again=" + testing::golden_path("minimal_pairs")},
        options, nullptr, problems);
  }));
}

TEST(ScoreMvp, SeveralModelsDoNotDependOnThreads) {
  ModelProblems problems;
  const std::vector<std::string> paths = {testing::golden_path("minimal_pairs"),
                                          "b=" + testing::golden_path("minimal_pairs"),
                                          "c=" + testing::golden_path("minimal_pairs")};
  MvpOptions options;
  options.threads = 1;
  const std::string one = score_mvp(paths, options, nullptr, problems).dump();
  options.threads = 2;
  EXPECT_EQ(score_mvp(paths, options, nullptr, problems).dump(), one);
  options.threads = 8;
  EXPECT_EQ(score_mvp(paths, options, nullptr, problems).dump(), one);
}

}  // namespace
}  // namespace physprobe
