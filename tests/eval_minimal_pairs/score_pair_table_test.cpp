#include "physprobe/eval/minimal_pairs/score_pair_table.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::throws_error;
using Json = nlohmann::ordered_json;

class PairTables : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) {
    write_file_atomic(dir_ / name, text);
    return dir_ / name;
  }
  Json grouped(const GroupedProtocol& protocol,
               const std::vector<std::string>& tables,
               const std::vector<std::string>& annotations = {}) {
    return score_grouped_tables(protocol, tables, {{}, annotations}, {}, nullptr, problems_);
  }
  testing::TempDir dir_;
  ModelProblems problems_;
};

TEST_F(PairTables, AnswersOfAnyForm) {
  const std::string table = file("m.csv",
                                 "id,pair,label,prediction,A,B\n"
                                 "1,x,A,\"Answer: A\",,\n"
                                 "2,x,B,b,,\n"
                                 "3,y,cup falls,cup falls,cup falls,cup stays\n"
                                 "4,y,cup stays,cup falls,cup falls,cup stays\n");
  const Json results = score_pair_tables({table}, {}, nullptr, problems_);
  EXPECT_TRUE(problems_.empty());
  const Json& all = results.at("tasks").at("all");
  EXPECT_EQ(all.at("n_pairs"), 2);
  EXPECT_EQ(all.at("pair_accuracy").at("value"), 50.0);
  EXPECT_EQ(all.at("single_accuracy").at("value"), 75.0);
  EXPECT_EQ(results.at("protocol"), "pairs/generic-1");
  EXPECT_EQ(results.at("name"), "m");
}

TEST_F(PairTables, PossibleAndImpossibleInWords) {
  PairTableOptions options;
  options.protocol = "pairs/intphys2-1";
  options.rule = PredictionRule::kPlausible;
  const std::string table =
      file("m.jsonl",
           "{\"id\": \"s_1\", \"label\": \"possible\", \"prediction\": \"It is possible.\"}\n"
           "{\"id\": \"s_2\", \"label\": \"impossible\", \"prediction\": \"It cannot happen\"}\n"
           "{\"id\": \"t_1\", \"label\": true, \"prediction\": \"not possible\"}\n"
           "{\"id\": \"t_2\", \"label\": false, \"prediction\": \"who knows\"}\n");
  const Json results = score_pair_tables({table}, options, nullptr, problems_);
  const Json& all = results.at("tasks").at("all");
  EXPECT_EQ(all.at("single_accuracy").at("value"), 50.0);
  EXPECT_EQ(all.at("pair_accuracy").at("value"), 50.0);
  EXPECT_EQ(all.at("answers").at("unparsed"), 1);
}

TEST_F(PairTables, ScoresGiveRelativeAccuracyWithTies) {
  // The golden surprises (maximum over windows): 75 % strict, 2 ties of 24.
  const auto arrays =
      read_safetensors(testing::golden_path("minimal_pairs/surprise_pairs.safetensors"));
  std::string text = "id,pair,label,score\n";
  for (int64_t i = 0; i < 24; ++i) {
    for (const char* name : {"possible", "impossible"}) {
      text +=
          fmt::format("{}{},{},{},{}\n", name, i, i, name, arrays.at(name)[i].max().item<double>());
    }
  }
  const std::string table = file("surprise.csv", text);
  const Json results = score_pair_tables({table}, {}, nullptr, problems_);
  const Json& all = results.at("tasks").at("all");
  EXPECT_EQ(results.at("protocol"), "pairs/relative-1");
  EXPECT_NEAR(all.at("relative_accuracy").at("value").get<double>(), 75.0, 1e-9);
  EXPECT_EQ(all.at("ties"), 2);
  EXPECT_NEAR(all.at("half_credit").get<double>(), 79.16666666666667, 1e-9);
  PairTableOptions reversed;
  reversed.lower_is_possible = false;
  const Json other = score_pair_tables({table}, reversed, nullptr, problems_);
  EXPECT_NEAR(other.at("tasks").at("all").at("relative_accuracy").at("value").get<double>(),
              100.0 * 4.0 / 24.0, 1e-9);
  EXPECT_TRUE(problems_.empty());
}

TEST_F(PairTables, DefectsAreListed) {
  const std::string table = file("m.csv",
                                 "id,label,prediction\n"
                                 "p_1,A,A\n"
                                 "p_2,,B\n"
                                 "q_1,perhaps,B\n"
                                 "q_1,A,B\n"
                                 "q_1,A,A\n"
                                 ",A,A\n");
  score_pair_tables({table}, {}, nullptr, problems_);
  std::map<std::string, int> kinds;
  for (const auto& [model, problem] : problems_) ++kinds[problem.kind];
  EXPECT_EQ(kinds["missing key"], 2);
  EXPECT_EQ(kinds["answer not among the candidates"], 1);
  EXPECT_EQ(kinds["contradictory duplicate"], 1);
  EXPECT_EQ(kinds["no partner"], 1);
}

TEST_F(PairTables, ColumnsAreNamedOrRefused) {
  const std::string table = file("m.csv", "clip,truth,said\np_1,A,A\np_2,B,B\n");
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "--columns id=THEIRS",
                           [&] { score_pair_tables({table}, {}, nullptr, problems_); }));
  PairTableOptions options;
  options.table.columns = {{"id", "clip"}, {"label", "truth"}, {"prediction", "said"}};
  const Json results = score_pair_tables({table}, options, nullptr, problems_);
  EXPECT_EQ(results.at("tasks").at("all").at("pair_accuracy").at("value"), 100.0);
  options.table.columns = {{"predicton", "said"}};
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "'prediction'",
                           [&] { score_pair_tables({table}, options, nullptr, problems_); }));
}

TEST_F(PairTables, WinogroundFromArrayAndTable) {
  const at::Tensor scores =
      read_safetensors(testing::golden_path("minimal_pairs/surprise_pairs.safetensors"))
          .at("winoground_scores");
  write_safetensors(dir_ / "w.safetensors", {{"s", scores}});
  const Json of_array = grouped(winoground_protocol(), {dir_ / "w.safetensors"});
  std::string text = "id,s00,s01,s10,s11\n";
  for (int64_t i = 0; i < scores.size(0); ++i) {
    const at::Tensor s = scores[i];
    text += fmt::format("{},{},{},{},{}\n", i, s[0][0].item<double>(), s[0][1].item<double>(),
                        s[1][0].item<double>(), s[1][1].item<double>());
  }
  const Json of_table = grouped(winoground_protocol(), {file("w.csv", text)});
  EXPECT_EQ(of_array.at("scores")[0].at("value"), 52.5);
  EXPECT_EQ(of_array.at("scores")[1].at("value"), 40.0);
  EXPECT_EQ(of_array.at("scores")[2].at("value"), 35.0);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(of_table.at("scores")[i].at("value"), of_array.at("scores")[i].at("value"));
  EXPECT_TRUE(problems_.empty());
  const Json broken = grouped(winoground_protocol(), {file("x.csv", "s00,s01,s10,s11\n1,2,x,3\n")});
  EXPECT_EQ(problems_.size(), 1U);
  EXPECT_EQ(broken.at("scores")[0].at("n"), 1) << "the example counts as wrong";
}

TEST_F(PairTables, VinogroundCountsMissingExamplesAsWrong) {
  const std::string table = file("v.csv",
                                 "index,answer,prediction\n"
                                 "0_pos_text,A,A. the first\n"
                                 "0_neg_text,B,b\n"
                                 "0_pos_video,A,A\n"
                                 "0_neg_video,B,A\n"
                                 "1_pos_text,A,\n"
                                 "1_up_text,A,A\n");
  const Json results = grouped(vinoground_protocol(), {table});
  EXPECT_NEAR(results.at("scores")[0].at("value").get<double>(), 100.0 / 500.0, 1e-12);
  EXPECT_EQ(results.at("scores")[1].at("value"), 0.0);
  EXPECT_EQ(results.at("scores")[2].at("n"), 500);
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_EQ(problems_[0].second.kind, "malformed id");
}

TEST_F(PairTables, NaturalBenchMatchesTheGoldenThroughATable) {
  const auto golden = nlohmann::json::parse(
      read_file(testing::golden_path("minimal_pairs/pair_stats.json")))["naturalbench"];
  const char* const places[] = {"q0i0", "q0i1", "q1i0", "q1i1"};
  std::string text = "id,prediction\n";
  int example = 0;
  for (const auto& row : golden.at("responses_q0i0_q0i1_q1i0_q1i1")) {
    for (std::size_t i = 0; i < 4; ++i)
      text += fmt::format("{}_{},{}\n", example, places[i], row[i] == 1 ? "Yes." : "no");
    ++example;
  }
  const Json results = grouped(naturalbench_protocol(), {file("n.csv", text)});
  for (const Json& score : results.at("scores")) {
    EXPECT_NEAR(score.at("value").get<double>(),
                100.0 * golden.at("expected").at(score.at("name").get<std::string>()).get<double>(),
                1e-9);
  }
  EXPECT_TRUE(problems_.empty());
}

TEST_F(PairTables, VinogroundAndNaturalBenchFromSampleLogs) {
  const std::string log = file(
      "v.jsonl",
      R"({"doc_id": 0, "filtered_resps": ["A"], "vinoground_score": {"index": "3_pos", "question_type": "text"}})"
      "\n"
      R"({"doc_id": 1, "filtered_resps": ["b) it falls"], "vinoground_score": {"index": "3_neg", "question_type": "text"}})"
      "\n"
      R"({"doc_id": 2, "resps": [["A"]], "doc": {"index": "3_pos_video"}})"
      "\n"
      R"({"doc_id": 3, "resps": [["A"]], "doc": {"index": "3_neg_video"}})"
      "\n");
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "--annotations",
                           [&] { grouped(vinoground_protocol(), {log}); }));
  const std::vector<std::string> answers = {
      file("vinoground_textscore.json",
           R"([{"idx": "3_pos", "GT": "A"}, {"idx": "3_neg", "GT": "B"}])"),
      file("vinoground_videoscore.json",
           R"([{"idx": "3_pos", "GT": "A"}, {"idx": "3_neg", "GT": "B"}])")};
  const Json results = grouped(vinoground_protocol(), {log}, answers);
  EXPECT_NEAR(results.at("scores")[0].at("value").get<double>(), 100.0 / 500.0, 1e-12);
  EXPECT_EQ(results.at("scores")[1].at("value"), 0.0) << "both videos got the answer A";
  EXPECT_TRUE(problems_.empty());

  std::string lines;
  const char* const responses[] = {"Yes", "No.", "no", "A", "yes", "yes", "no", "no"};
  for (int i = 0; i < 8; ++i) {
    lines += fmt::format(
        R"({{"doc_id": {0}, "filtered_resps": ["{1}"], "doc": {{"Index": {0}, "Question_Type": "{2}"}}}})"
        "\n",
        i, responses[i], i == 3 ? "multiple_choice" : "yes_no");
  }
  const Json natural = grouped(naturalbench_protocol(), {file("n.jsonl", lines)});
  // Example 0 is all right, of example 1 q0i0 and q1i0.
  EXPECT_EQ(natural.at("scores")[0].at("value"), 75.0);
  EXPECT_EQ(natural.at("scores")[1].at("value"), 50.0);
  EXPECT_EQ(natural.at("scores")[2].at("value"), 75.0);
  EXPECT_EQ(natural.at("scores")[3].at("value"), 50.0);
  EXPECT_EQ(natural.at("scores")[0].at("interval").at("n"), 2) << "examples are the units";
}

TEST_F(PairTables, GroupedFilesWithoutAnExampleOrWithBrokenAnswersAreRefused) {
  const std::string log = file("n.jsonl", R"({"resps": [["A"]], "doc": {"index": "7_pos_text"}})");
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "no example that can be scored",
                           [&] { grouped(naturalbench_protocol(), {log}); }));
  const std::string answers = file("textscore.json", R"([{"idx": "7_pos", "GT": 5}])");
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "no texts",
                           [&] { grouped(vinoground_protocol(), {log}, {answers}); }));
}

TEST_F(PairTables, GroupedModelsAreComparedOnSharedExamples) {
  std::string first = "id,s00,s01,s10,s11\n";
  std::string second = first;
  for (int i = 0; i < 30; ++i) {
    first += fmt::format("{},1,0,0,1\n", i);                             // always right
    second += fmt::format("{},{},0,0,1\n", i + 5, i < 20 ? "-1" : "1");  // 10 of 30
  }
  const Json results = grouped(winoground_protocol(),
                               {"good=" + file("a.csv", first), "b=" + file("b.csv", second)});
  const Json& comparison = results.at("comparisons").at(0);
  EXPECT_EQ(comparison.at("first"), "good");
  const Json& all = comparison.at("differences").at(0);
  EXPECT_EQ(all.at("n_pairs"), 25) << "5 of each are not shared";
  EXPECT_EQ(all.at("mcnemar").at("only_first"), 20);
  EXPECT_EQ(all.at("mcnemar").at("only_second"), 0);
  EXPECT_NEAR(all.at("difference").get<double>(), 80.0, 1e-9);
  EXPECT_NE(results.at("models")[1].at("finding").get<std::string>().find("independently"),
            std::string::npos);
}

TEST_F(PairTables, ErrorConsistencyOfTwoTables) {
  std::string first = "id,label,prediction\n";
  std::string second = first;
  for (int i = 0; i < 40; ++i) {
    first += fmt::format("i_{},A,{}\n", i, i % 4 == 0 ? "B" : "A");
    second += fmt::format("i_{},A,{}\n", i, i % 4 == 0 ? "B" : "A");
  }
  second += "j_1,A,A\n";
  const Json results =
      score_error_consistency(file("a.csv", first), file("b.csv", second), {}, problems_);
  EXPECT_EQ(results.at("items").at("n"), 40);
  EXPECT_EQ(results.at("items").at("kappa"), 1.0);
  EXPECT_EQ(results.at("n_unshared"), 1);
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "shares no item", [&] {
    score_error_consistency(dir_ / "a.csv", file("c.csv", "id,label,prediction\nz,A,A\n"), {},
                            problems_);
  }));
}

}  // namespace
}  // namespace physprobe
