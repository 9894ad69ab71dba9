#include "physprobe/eval/voe/compare_surprise.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/voe/published_surprise.h"
#include "physprobe/eval/voe/score_surprise.h"
#include "physprobe/eval/voe/surprise_and_answers.h"

#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::throws_error;
using Json = nlohmann::ordered_json;

TEST(PublishedSurprise, EveryValueIsAPercentageOfANamedSource) {
  int64_t values = 0;
  bool has_177 = false;
  for (const PublishedTable& table : published_surprise()) {
    EXPECT_FALSE(table.protocol.empty());
    for (const PublishedValue& value : table.values) {
      ++values;
      EXPECT_GE(value.value, 0.0);
      EXPECT_LE(value.value, 100.0);
      EXPECT_FALSE(value.source.empty()) << value.model;
      EXPECT_THAT(table.columns, Contains(value.column));
      has_177 = has_177 || (table.benchmark == "intphys" && value.value == 98.33);
    }
  }
  EXPECT_EQ(values, 158);
  EXPECT_TRUE(has_177);
}

SurpriseArrays intphys_run(const std::vector<int64_t>& contexts) {
  SurpriseArrays arrays;
  arrays.set.model = "mine";
  arrays.set.contexts = contexts;
  for (const char* block : {"O1", "O2", "O3"}) {
    for (int pair = 0; pair < 4; ++pair) {
      for (const bool is_possible : {true, false}) {
        SurpriseItem item;
        item.pair = fmt::format("{}/{}", block, pair);
        item.id = item.pair + (is_possible ? "/p" : "/i");
        item.property = block;
        item.is_possible = is_possible;
        // Right for every pair but the last of O3.
        const bool is_right = std::string(block) != "O3" || pair < 3;
        const double value = is_possible == is_right ? 1.0 : 2.0;
        item.curves.assign(contexts.size(), {value});
        arrays.set.items.push_back(item);
      }
    }
  }
  return arrays;
}

nlohmann::json scored(const SurpriseArrays& arrays, const SurpriseScoreOptions& options) {
  ModelProblems problems;
  return nlohmann::json::parse(score_surprise({arrays}, options, nullptr, problems).dump());
}

TEST(CompareSurprise, ARunStandsAmongResultsOfItsStatisticOnly) {
  SurpriseScoreOptions options;
  options.benchmark = "intphys";
  const nlohmann::json results = scored(intphys_run({2, 6}), options);
  const Json comparison = compare_surprise_runs({results}, {"run"});
  for (const Json& table : comparison["published"])
    EXPECT_THAT(table["protocol"].get<std::string>(), Not(HasSubstr("window 32")));
  // With the frames that a table states, the run enters it.
  nlohmann::json of_videos = results;
  of_videos["settings"] = {{"frame_skip", 2}, {"window", 32}};
  bool has_window_32 = false;
  const Json with_frames = compare_surprise_runs({of_videos}, {"run"});
  for (const Json& table : with_frames["published"])
    has_window_32 = has_window_32 || table["protocol"] == "skip 2, window 32";
  EXPECT_TRUE(has_window_32);
  bool has_sweep = false;
  for (const Json& table : comparison["published"]) {
    EXPECT_EQ(table["benchmark"], "intphys");
    EXPECT_NE(table["statistic"], "answers");
    EXPECT_NE(table["statistic"], "context 4");  // the run has no such context
    for (const Json& row : table["rows"]) {
      if (row["origin"] != "run") continue;
      EXPECT_EQ(row["model"], "mine");
      if (table["statistic"] != "best_of_sweep") continue;
      has_sweep = true;
      // Every row of the sweep is the same: 100, 100 and 75 %.
      const Json& values = row["values"];
      if (values.contains("mean")) {
        EXPECT_NEAR(values["mean"].get<double>(), 275.0 / 3.0, 1e-9);  // rounding of a mean
      }
      if (values.contains("continuity")) {
        EXPECT_EQ(values["continuity"], 75.0);
      }
    }
  }
  EXPECT_TRUE(has_sweep);
  EXPECT_THAT(comparison["not_shown"].get<std::vector<std::string>>(),
              Contains(HasSubstr("answers, two videos in one prompt")));
  const std::string text = format_surprise_comparison(comparison);
  EXPECT_THAT(text, HasSubstr("V-JEPA-H RoPE (VideoMix2M)"));
  EXPECT_THAT(text, Not(HasSubstr("Qwen2-VL-72B")));
}

TEST(CompareSurprise, WithoutABenchmarkOrWithCrossPairsNothingIsPlaced) {
  const Json plain = compare_surprise_runs({scored(intphys_run({2}), {})}, {"run"});
  EXPECT_TRUE(plain["published"].empty());
  SurpriseArrays crossed = intphys_run({2});
  for (SurpriseItem& item : crossed.set.items) item.scene = item.pair;
  SurpriseScoreOptions options;
  options.benchmark = "intphys";
  options.pairing = SurprisePairing::kCross;
  EXPECT_TRUE(compare_surprise_runs({scored(crossed, options)}, {"run"})["published"].empty());
  SurpriseScoreOptions given = options;
  given.pairing = SurprisePairing::kGiven;
  EXPECT_TRUE(throws_error(ErrorKind::kIncompatible, "b", [&] {
    compare_surprise_runs({scored(crossed, given), scored(crossed, options)}, {"a", "b"});
  }));
  given.benchmark = "grasp";
  options.pairing = SurprisePairing::kGiven;
  EXPECT_TRUE(throws_error(ErrorKind::kIncompatible, "b", [&] {
    compare_surprise_runs({scored(crossed, options), scored(crossed, given)}, {"a", "b"});
  }));
}

/// Run folders as both commands write them.
class SurpriseAndAnswers : public ::testing::Test {
 protected:
  std::string run(const std::string& name, const Json& results, const std::string& lines) {
    create_directories(dir_ / name);
    write_file_atomic(dir_ / name + "/results.json", results.dump());
    write_file_atomic(dir_ / name + "/items.jsonl", lines);
    return dir_ / name;
  }
  std::string surprise(const std::vector<bool>& right) {
    std::string lines;
    for (std::size_t i = 0; i < right.size(); ++i)
      lines += Json{{"model", "jepa"},
                    {"task", "O1"},
                    {"id", fmt::format("p{}", i)},
                    {"right", {{"context 4", right[i] ? 1 : 0}}},
                    {"given",
                     {{"possible", fmt::format("v{}p", i)},
                      {"impossible", fmt::format("v{}i", i)},
                      {"surprise of the possible", "1"}}}}
                   .dump() +
               "\n";
    return run("surprise",
               Json{{"protocol", "voe/jepa-2025"}, {"kinds", {{{"name", "context 4"}}}}}, lines);
  }
  std::string answers(const std::vector<int>& right, const std::string& id = "v{}{}") {
    std::string lines;
    for (std::size_t i = 0; i < right.size(); ++i) {
      for (int member = 0; member < 2; ++member)
        lines += Json{{"model", "llm"},
                      {"task", "physics"},
                      {"id", fmt::format(id, i, member == 0 ? "p" : "i")},
                      {"pair", fmt::format("q{}", i)},
                      {"strict_is_right", right[i] > member}}
                     .dump() +
                 "\n";
    }
    return run("answers", Json{{"protocol", "pairs/generic-1"}}, lines);
  }
  testing::TempDir dir_;
};

TEST_F(SurpriseAndAnswers, PairsAreJoinedByTheirVideosAndKappaIsOverPairs) {
  // 8 pairs: both right 3, only surprise 2, only answers 1, neither 2.
  const std::string first = surprise({true, true, true, true, true, false, false, false, true});
  const std::string second = answers({2, 2, 2, 1, 0, 2, 1, 0});
  const Json comparison = compare_surprise_with_answers(first, second, {});
  EXPECT_EQ(comparison["n_shared"], 8);
  EXPECT_EQ(comparison["n_surprise"], 9);
  EXPECT_EQ(comparison["chance"]["answers"], 25.0);
  const Json& one = comparison["comparisons"][0];
  EXPECT_EQ(one["both"], 3);
  EXPECT_EQ(one["only_surprise"], 2);
  EXPECT_EQ(one["only_answers"], 1);
  EXPECT_EQ(one["neither"], 2);
  // p1 = 5/8, p2 = 4/8: expected 1/2, observed 5/8.
  EXPECT_NEAR(one["error_consistency"]["kappa"].get<double>(), 0.25, 1e-12);  // rounding
  EXPECT_EQ(comparison["pairs"][3]["surprise"]["jepa"], true);
  EXPECT_EQ(comparison["pairs"][3]["answers"]["llm"], false);
  EXPECT_THAT(format_surprise_and_answers(comparison), HasSubstr("kappa 0.25 ["));
}

TEST_F(SurpriseAndAnswers, NoSharedPairIsAnErrorThatShowsBothSpellings) {
  const std::string first = surprise({true});
  const std::string second = answers({2}, "w{}{}");
  EXPECT_TRUE(throws_error(ErrorKind::kInput, second,
                           [&] { compare_surprise_with_answers(first, second, {}); }));
  EXPECT_TRUE(is_surprise_protocol("voe/jepa-2025"));
  EXPECT_FALSE(is_surprise_protocol("voe/inflevel"));
  EXPECT_TRUE(is_answer_protocol("pairs/intphys2-1"));
  EXPECT_FALSE(is_answer_protocol("pairs/winoground-1"));
}

}  // namespace
}  // namespace physprobe
