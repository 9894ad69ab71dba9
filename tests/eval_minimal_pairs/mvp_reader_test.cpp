#include "physprobe/eval/minimal_pairs/mvp_reader.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/eval/minimal_pairs/mvp_scores.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "eval_minimal_pairs/mvp_rows_text.h"

namespace physprobe {
namespace {

using testing::mvp_pair;
using testing::mvp_row;

class MvpReader : public ::testing::Test {
 protected:
  PairRun read(const std::string& text, const MvpReadOptions& options = {}) {
    write_file_atomic(log_, text);
    return read_mvp_run(find_logs({log_}).front(), options);
  }
  static int64_t count(const PairRun& run, const std::string& kind) {
    return std::count_if(run.problems.begin(), run.problems.end(),
                         [&](const PairProblem& problem) { return problem.kind == kind; });
  }
  testing::TempDir dir_;
  std::string log_ = dir_ / "1_samples_mvp_mini_intuitive_physics.jsonl";
};

TEST_F(MvpReader, ListsEveryDefectAtOnceAndScoresTheRest) {
  const PairRun run = read(mvp_pair("p_1", true, true) + "{\"broken\": \n" + "[1, 2]\n\n" +
                           "{\"doc_id\": 1, \"vinoground_score\": 1}\n" +
                           "{\"doc_id\": 2, \"pair_accuracy\": {\"rating\": 1}}\n" +
                           mvp_row("p_2_1", "A", "\"0\"", 0, 1) + "\n" + std::string("\0\n", 2));
  ASSERT_EQ(run.tasks.size(), 1U);
  EXPECT_EQ(run.tasks[0].items.size(), 3U);
  EXPECT_EQ(count(run, "broken line"), 3);
  EXPECT_EQ(count(run, "log of another benchmark"), 1);
  EXPECT_EQ(count(run, "missing key"), 1);
  EXPECT_EQ(run.problems[0].line, 3);
  EXPECT_EQ(run.problems[1].line, 4);
  EXPECT_EQ(run.problems[2].line, 6) << "blank lines count";
  EXPECT_NE(run.problems[2].text.find("vinoground_score"), std::string::npos);
  const RunScores scores = score_run(run, mvp_tasks(), {}, 1);
  EXPECT_EQ(scores.problems.back().kind, "no partner");
  EXPECT_EQ(scores.problems.back().id, "p_2");
}

TEST_F(MvpReader, WhatALogRecordsIsCheckedAgainstItsResponse) {
  const PairRun run = read(mvp_row("p_1_1", "A", "\"1\"", 0, 1) + "\n" +  // prediction altered
                           mvp_row("p_1_2", "A", "\"0\"", 0, 0) + "\n" +  // rating altered
                           mvp_row("p_2_1", "", "false", 0, 0) + "\n" +   // sound
                           mvp_row("p_2_2", "B", "\"1\"", 1, 1) + "\n");  // sound
  EXPECT_EQ(count(run, "disagreement"), 2);
  EXPECT_EQ(run.problems.size(), 2U);
  EXPECT_EQ(run.tasks[0].items[0].verdict(AnswerRule::kStrict).prediction, 0);
  EXPECT_TRUE(run.tasks[0].items[1].verdict(AnswerRule::kStrict).is_right);
}

TEST_F(MvpReader, OlderLogsWithListsAndDocsAreRead) {
  const PairRun run = read(
      R"({"doc_id": 0, "doc": {"video_id": "p_1_1", "video_path": "data/grasp/x.mp4", "question": "q?", "candidates": "['yes', 'no']", "answer": "no", "source": ""}, "target": "no", "resps": [["B"]], "filtered_resps": ["B"], "pair_accuracy": {"video_id": "p_1_1", "prediction_idx": "1", "answer_idx": "1", "match_success": true, "rating": 1}})"
      "\n"
      R"({"doc_id": 1, "doc": {"video_id": "p_1_2", "question": "q?", "candidates": ["yes", "no"], "answer": "yes"}, "target": "yes", "resps": [["A"]], "pair_accuracy": {"video_id": "p_1_2", "prediction_idx": "0", "answer_idx": "0", "rating": 1}})"
      "\n");
  EXPECT_TRUE(run.problems.empty()) << run.problems[0].text;
  ASSERT_EQ(run.tasks[0].items.size(), 2U);
  EXPECT_EQ(run.tasks[0].items[0].source, "grasp");
  EXPECT_EQ(run.tasks[0].items[0].question, "q?");
  EXPECT_EQ(run.tasks[0].items[1].candidates[1], "no");
  EXPECT_TRUE(run.tasks[0].items[1].verdict(AnswerRule::kStrict).is_right);
}

TEST_F(MvpReader, WithoutAResponseTheRecordedAnswerCounts) {
  const PairRun run = read(
      R"({"pair_accuracy": {"video_id": "p_1_1", "prediction_idx": false, "answer_idx": "1", "rating": 0}})"
      "\n"
      R"({"single_accuracy": {"video_id": "p_1_2", "answer_idx": "0", "rating": 1}})"
      "\n");
  EXPECT_TRUE(run.problems.empty());
  EXPECT_EQ(run.tasks[0].items[0].verdict(AnswerRule::kStrict).prediction, kUnparsed);
  EXPECT_EQ(run.tasks[0].items[1].verdict(AnswerRule::kStrict).prediction, 0);
}

TEST_F(MvpReader, DuplicatesAreReportedAndTheLastIsKeptWhenAsked) {
  const std::string text = mvp_pair("p_1", true, true) + mvp_pair("p_2", true, true) +
                           mvp_row("p_1_1", "B", "\"1\"", 0, 0) + "\n" +
                           mvp_row("p_2_1", "A", "\"0\"", 0, 1) + "\n";
  const PairRun all = read(text);
  EXPECT_EQ(count(all, "contradictory duplicate"), 1);
  EXPECT_EQ(count(all, "duplicate"), 1);
  EXPECT_EQ(score_run(all, mvp_tasks(), {}, 1).tasks[0].all.pair.value, 0.0)
      << "three items of a pair are an incomplete pair";
  MvpReadOptions last;
  last.duplicates = DuplicateRule::kKeepLast;
  const PairRun kept = read(text, last);
  EXPECT_EQ(kept.tasks[0].items.size(), 4U);
  EXPECT_EQ(count(kept, "contradictory duplicate"), 1) << "never silently";
  EXPECT_EQ(count(kept, "duplicate"), 0);
  EXPECT_EQ(score_run(kept, mvp_tasks(), {}, 1).tasks[0].all.pair.value, 50.0);
}

TEST_F(MvpReader, UnknownTasksNameTheNearest) {
  const std::string path = dir_ / "1_samples_mvp_mini_intuitive_phisics.jsonl";
  write_file_atomic(path, mvp_pair("p_1", true, true));
  const PairRun run = read_mvp_run(find_logs({path}).front(), {});
  ASSERT_EQ(run.problems.size(), 1U);
  EXPECT_EQ(run.problems[0].kind, "unknown task");
  EXPECT_NE(run.problems[0].text.find("'mvp_mini_intuitive_physics'"), std::string::npos);
  EXPECT_TRUE(run.tasks.empty());
}

TEST_F(MvpReader, AnnotationsFillInAndContradict) {
  write_file_atomic(
      dir_ / "docs.jsonl",
      R"({"video_id": "p_1_1", "question": "annotated?", "candidates": "['yes', 'no']", "answer": "no", "source": "pt", "scene": "s1"})"
      "\n"
      R"({"video_id": "p_1_2", "question": "annotated?", "candidates": ["yes", "no"], "answer": "maybe", "source": "pt"})"
      "\n{\"video_id\": \"p_3_1\"}\nnonsense\n"
      R"({"video_id": "p_4_1", "candidates": ["yes"], "answer": "yes"})"
      "\n");
  const Annotations annotations = read_annotations({dir_ / "docs.jsonl"}, "scene");
  ASSERT_EQ(annotations.problems.size(), 4U);
  EXPECT_EQ(annotations.problems[0].kind, "answer not among the candidates");
  EXPECT_EQ(annotations.problems[1].kind, "missing key");
  EXPECT_EQ(annotations.problems[2].kind, "broken line");
  EXPECT_EQ(annotations.problems[3].kind, "malformed annotation");
  MvpReadOptions options;
  options.annotations = &annotations;
  const PairRun run = read(mvp_pair("p_1", true, true), options);
  // p_1_1: the log says the right answer is A, the annotation B. p_1_2 has no sound annotation.
  EXPECT_GE(count(run, "disagreement"), 1);
  EXPECT_EQ(count(run, "no annotation"), 1);
  EXPECT_EQ(run.tasks[0].items[0].label, 1);
  EXPECT_EQ(run.tasks[0].items[0].cluster, "s1");
  EXPECT_EQ(run.tasks[0].items[0].question, "annotated?");
}

TEST_F(MvpReader, SubmissionsAreScoredAgainstAnnotations) {
  const Annotations annotations = read_annotations({testing::golden_path("minimal_pairs")});
  MvpReadOptions options;
  options.annotations = &annotations;
  const PairRun submission =
      read_mvp_run(find_logs({testing::golden_path("minimal_pairs/submission")}).front(), options);
  const PairRun log =
      read_mvp_run(find_logs({testing::golden_path("minimal_pairs")}).front(), options);
  EXPECT_TRUE(submission.problems.empty());
  ASSERT_EQ(submission.tasks.size(), 4U);
  for (std::size_t t = 0; t < 4; ++t) {
    ASSERT_EQ(submission.tasks[t].items.size(), log.tasks[t].items.size());
    for (std::size_t i = 0; i < log.tasks[t].items.size(); ++i) {
      const int logged = log.tasks[t].items[i].verdict(AnswerRule::kStrict).prediction;
      // An unparsed answer was submitted as the first candidate.
      EXPECT_EQ(submission.tasks[t].items[i].verdict(AnswerRule::kStrict).prediction,
                logged == kUnparsed ? 0 : logged);
    }
  }
  const PairRun blind =
      read_mvp_run(find_logs({testing::golden_path("minimal_pairs/submission")}).front(), {});
  EXPECT_EQ(blind.problems.size(), 118U);
  EXPECT_EQ(blind.problems[0].kind, "no annotation");
  EXPECT_NE(blind.problems[0].text.find("--annotations"), std::string::npos);
}

TEST_F(MvpReader, TablesAreRead) {
  write_file_atomic(dir_ / "answers.csv",
                    "index,question,A,B,answer,prediction,task\n"
                    "p_1_1,q,yes,no,A,\"The answer is A\",mvp_mini_intuitive_physics\n"
                    "p_1_2,q,yes,no,B,no,mvp_mini_intuitive_physics\n"
                    "p_2_1,q,yes,no,C,A,mvp_mini_intuitive_physics\n"
                    "p_3_1,q,yes,no,A,A,elsewhere\n"
                    "short,row\n");
  const PairRun run = read_mvp_run(find_logs({dir_ / "answers.csv"}).front(), {});
  ASSERT_EQ(run.tasks.size(), 1U);
  ASSERT_EQ(run.tasks[0].items.size(), 2U);
  EXPECT_TRUE(run.tasks[0].items[0].verdict(AnswerRule::kStrict).is_right);
  EXPECT_TRUE(run.tasks[0].items[1].verdict(AnswerRule::kStrict).is_right);
  EXPECT_EQ(count(run, "answer not among the candidates"), 1);
  EXPECT_EQ(count(run, "unknown task"), 1);
  EXPECT_EQ(count(run, "broken line"), 1);
}

TEST_F(MvpReader, BlocksOfALargeLogKeepOrderAndLineNumbers) {
  std::string text;
  for (int i = 0; i < 4000; ++i) text += mvp_pair("p_" + std::to_string(i), i % 3 == 0, true);
  text += "broken\n";
  ASSERT_GT(text.size(), std::size_t{3} << 19) << "several blocks";
  MvpReadOptions one, many;
  one.threads = 1;
  many.threads = 4;
  const PairRun first = read(text, one);
  const PairRun second = read(text, many);
  ASSERT_EQ(first.tasks[0].items.size(), 8000U);
  for (std::size_t i = 0; i < 8000; ++i)
    ASSERT_EQ(first.tasks[0].items[i].id, second.tasks[0].items[i].id);
  ASSERT_EQ(second.problems.size(), 1U);
  EXPECT_EQ(second.problems[0].line, 8001);
}

TEST_F(MvpReader, TheHarnessTotalsAreChecked) {
  write_file_atomic(
      dir_ / "1_results.json",
      R"({"results": {"mvp_mini_intuitive_physics": {"single_accuracy,none": 60.0}}})");
  write_file_atomic(log_, mvp_pair("p_1", true, true));
  const PairRun run = read_mvp_run(find_logs({dir_.path()}).front(), {});
  ASSERT_EQ(run.problems.size(), 1U);
  EXPECT_EQ(run.problems[0].kind, "disagreement");
}

}  // namespace
}  // namespace physprobe
