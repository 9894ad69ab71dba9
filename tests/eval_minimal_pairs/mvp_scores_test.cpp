#include "physprobe/eval/minimal_pairs/mvp_scores.h"

#include "physprobe/core/json_lines.h"
#include "physprobe/eval/minimal_pairs/mvp_reader.h"

#include "support/golden.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

nlohmann::json expected() {
  return read_json(testing::golden_path("minimal_pairs/mvp_expected.json"));
}

ModelFiles golden_logs() {
  return find_logs({testing::golden_path("minimal_pairs")}).front();
}

int prediction_of(const nlohmann::json& value) {
  return value.is_boolean() ? kUnparsed : std::stoi(value.get<std::string>());
}

void expect_task(const TaskScores& task, const nlohmann::json& golden) {
  SCOPED_TRACE(task.all.name);
  const PairScores& all = task.all;
  EXPECT_EQ(all.n_items, golden.at("n_items").get<int64_t>());
  EXPECT_EQ(all.n_pairs, golden.at("n_pairs").get<int64_t>());
  // README of the golden: percentages to 1e-9.
  EXPECT_NEAR(all.single.value, golden.at("single_accuracy").get<double>(), 1e-9);
  EXPECT_NEAR(all.pair.value, golden.at("pair_accuracy").get<double>(), 1e-9);
  EXPECT_EQ(all.both, golden.at("pair_outcomes").at("both").get<int64_t>());
  EXPECT_EQ(all.one, golden.at("pair_outcomes").at("one").get<int64_t>());
  EXPECT_EQ(all.none, golden.at("pair_outcomes").at("none").get<int64_t>());
  EXPECT_EQ(all.unparsed, golden.at("unparsed").get<int64_t>());
  EXPECT_EQ(all.answered_a, golden.at("predicted_A").get<int64_t>());
  EXPECT_EQ(all.answered_b, golden.at("predicted_B").get<int64_t>());
  EXPECT_EQ(all.pairs_both_parsed, golden.at("pairs_both_parsed").get<int64_t>());
  EXPECT_EQ(all.pairs_same_answer, golden.at("pairs_same_answer").get<int64_t>());
  EXPECT_NEAR(static_cast<double>(all.label_a) / static_cast<double>(all.n_items),
              golden.at("answer_A_fraction_of_ground_truth").get<double>(), 1e-12);
}

TEST(MvpScores, LogsOfBothGenerationsGiveTheReferencesNumbers) {
  const auto golden = expected();
  for (const bool with_annotations : {false, true}) {
    const Annotations annotations = read_annotations(
        {testing::golden_path("minimal_pairs/docs_mvp_mini_intuitive_physics.jsonl"),
         testing::golden_path("minimal_pairs/docs_mvp_mini_temporal_reasoning.jsonl"),
         testing::golden_path("minimal_pairs/docs_mvp_mini_human_object_interactions.jsonl"),
         testing::golden_path("minimal_pairs/docs_mvp_mini_robot_object_interactions.jsonl")});
    EXPECT_TRUE(annotations.problems.empty());
    EXPECT_EQ(annotations.by_id.size(), 118U);
    MvpReadOptions read;
    read.annotations = with_annotations ? &annotations : nullptr;
    const PairRun run = read_mvp_run(golden_logs(), read);
    EXPECT_TRUE(run.problems.empty()) << run.problems.front().text;
    ASSERT_EQ(run.tasks.size(), 4U);
    for (const PairTask& task : run.tasks) {
      const auto& of_task = golden.at("tasks").at(task.name);
      ASSERT_EQ(task.items.size(), of_task.at("predictions_in_file_order").size());
      for (std::size_t i = 0; i < task.items.size(); ++i) {
        const Verdict& verdict = task.items[i].verdict(AnswerRule::kStrict);
        EXPECT_EQ(verdict.prediction, prediction_of(of_task.at("predictions_in_file_order")[i]))
            << task.items[i].response;
        EXPECT_EQ(verdict.is_right, of_task.at("ratings_in_file_order")[i] == 1);
        EXPECT_FALSE(task.items[i].source.empty()) << task.items[i].id;
        EXPECT_FALSE(task.items[i].question.empty()) << task.items[i].id;
        EXPECT_FALSE(task.items[i].candidates[1].empty()) << task.items[i].id;
      }
    }
    const RunScores scores = score_run(run, mvp_tasks(), {}, 0);
    for (const TaskScores& task : scores.tasks)
      expect_task(task, golden.at("tasks").at(task.all.name));
    ASSERT_EQ(scores.groups.size(), 1U);
    const GroupScores& group = scores.groups.front();
    EXPECT_EQ(group.subset, "mvp_mini");
    EXPECT_TRUE(group.missing.empty());
    const auto& of_group = golden.at("group");
    EXPECT_NEAR(group.pair.value, of_group.at("pair_accuracy_unweighted_mean").get<double>(), 1e-9);
    EXPECT_NEAR(group.single.value, of_group.at("single_accuracy_unweighted_mean").get<double>(),
                1e-9);
    EXPECT_NEAR(group.weighted_pair.value, of_group.at("pair_accuracy_size_weighted").get<double>(),
                1e-9);
    EXPECT_NEAR(group.weighted_single.value,
                of_group.at("single_accuracy_size_weighted").get<double>(), 1e-9);
    EXPECT_LT(group.pair.interval.low, group.pair.value);
    EXPECT_GT(group.pair.interval.high, group.pair.value);
  }
}

/// Items with given ratings; the answer A is right for all.
PairTask task_with(const nlohmann::json& records) {
  PairTask task{"mvp_mini_intuitive_physics", "mvp_mini", {}};
  for (const auto& record : records) {
    PairItem item;
    item.id = record.at("video_id");
    item.pair = pair_stem(item.id);
    item.label = 0;
    const bool right = record.at("rating") == 1;
    item.verdicts = {Verdict{right ? 0 : 1, right}, Verdict{right ? 0 : 1, right}};
    task.items.push_back(item);
  }
  return task;
}

TEST(MvpScores, IncompletePairsCountAsTheHarnessCountsThem) {
  const auto golden = expected().at("incomplete_pairs");
  PairRun run;
  run.tasks = {task_with(golden.at("records"))};
  const RunScores scores = score_run(run, mvp_tasks(), {}, 1);
  const PairScores& all = scores.tasks.front().all;
  EXPECT_NEAR(all.single.value, golden.at("current_harness").at("single_accuracy").get<double>(),
              1e-9);
  EXPECT_NEAR(all.pair.value, golden.at("current_harness").at("pair_accuracy").get<double>(), 1e-9);
  EXPECT_EQ(all.incomplete, (std::vector<std::string>{"p_2", "p_4"}));
  ASSERT_EQ(scores.problems.size(), 2U);
  EXPECT_EQ(scores.problems[0].kind, "no partner");
  EXPECT_EQ(scores.problems[1].kind, "more than two items");
  EXPECT_EQ(scores.groups.front().missing.size(), 3U);

  PairScoreOptions dropping;
  dropping.drop_incomplete = true;
  const PairScores dropped = score_run(run, mvp_tasks(), dropping, 1).tasks.front().all;
  EXPECT_EQ(dropped.n_pairs, 2);
  EXPECT_EQ(dropped.pair.value, 50.0);
  EXPECT_EQ(dropped.single.value, 87.5) << "all items count, whatever becomes of their pairs";
}

TEST(MvpScores, NothingIsZeroAsInTheHarness) {
  PairRun run;
  run.tasks = {PairTask{"mvp_mini_intuitive_physics", "mvp_mini", {}}};
  const RunScores scores = score_run(run, mvp_tasks(), {}, 1);
  const PairScores& all = scores.tasks.front().all;
  const auto golden = expected().at("empty").at("current_harness");
  EXPECT_EQ(all.single.value, golden.at("single").get<double>());
  EXPECT_EQ(all.pair.value, golden.at("pair").get<double>());
  EXPECT_EQ(all.pair.interval.method, "none");
  EXPECT_EQ(all.pair.n, 0);
}

TEST(MvpScores, OrderOfItemsAndThreadsChangeNothing) {
  PairRun run = read_mvp_run(golden_logs(), {});
  const RunScores one = score_run(run, mvp_tasks(), {}, 1);
  for (PairTask& task : run.tasks) std::reverse(task.items.begin(), task.items.end());
  const RunScores two = score_run(run, mvp_tasks(), {}, 3);
  for (std::size_t t = 0; t < one.tasks.size(); ++t) {
    EXPECT_EQ(one.tasks[t].all.single.interval.low, two.tasks[t].all.single.interval.low);
    EXPECT_EQ(one.tasks[t].all.pair.intervals[2].high, two.tasks[t].all.pair.intervals[2].high);
    EXPECT_EQ(one.tasks[t].all.phi, two.tasks[t].all.phi);
  }
  EXPECT_EQ(one.groups[0].pair.interval.low, two.groups[0].pair.interval.low);
}

TEST(PairStem, IsTheIdWithoutItsLastField) {
  EXPECT_EQ(pair_stem("intphys_O1_0008_81890_0"), "intphys_O1_0008_81890");
  EXPECT_EQ(pair_stem("nothing"), "");
  EXPECT_EQ(pair_stem("x_"), "x");
}

}  // namespace
}  // namespace physprobe
