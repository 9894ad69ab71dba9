// What is done with finished evaluations: comparing, joining, other settings, cards, places.
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/physics_iq/bridge.h"
#include "physprobe/eval/physics_iq/comparison.h"
#include "physprobe/eval/physics_iq/evaluation.h"
#include "physprobe/eval/physics_iq/frame_rate.h"
#include "physprobe/eval/physics_iq/leaderboard.h"
#include "physprobe/eval/physics_iq/run_aggregate.h"
#include "physprobe/eval/physics_iq/scores.h"
#include "physprobe/eval/physics_iq/sensitivity.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <filesystem>
#include <map>

#include "eval_physics_iq/minibench.h"

namespace physprobe {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using Json = nlohmann::json;

using testing::kModelA;
using testing::kModelB;
using testing::mini_options;
using testing::run_scores;

TEST(PhysicsIqEvaluationSlow, ComparisonMarksDropsAndBridgeJoins) {
  TempDir dir;
  PhysicsIqOptions options = mini_options(dir / "a", {kModelA});
  options.mask_path = MaskPath::kDirect;
  options.cache = dir / "cache";
  evaluate_physics_iq(options);
  PhysicsIqOptions other = mini_options(dir / "b", {kModelB});
  other.mask_path = MaskPath::kDirect;
  other.cache = dir / "cache";
  evaluate_physics_iq(other);
  BootstrapOptions statistics;
  statistics.resamples = 199;
  const auto comparison = compare_physics_iq(dir / "a", dir / "b", statistics);
  EXPECT_NEAR(comparison["verified_change"].get<double>(), 22.05 - 56.65, 0.02);
  EXPECT_EQ(comparison["samples"].size(), 12U);
  EXPECT_LE(comparison["samples"][0]["change"].get<double>(),
            comparison["samples"][11]["change"].get<double>());
  EXPECT_TRUE(physics_iq_condition_holds(comparison, "score_drop>1.0"));
  EXPECT_FALSE(physics_iq_condition_holds(comparison, "score_drop>60"));
  EXPECT_FALSE(physics_iq_condition_holds(compare_physics_iq(dir / "b", dir / "a", statistics),
                                          "verified_drop>=1"));
  EXPECT_THROW(physics_iq_condition_holds(comparison, "scoredrop>1"), Error);
  EXPECT_THROW(physics_iq_condition_holds(comparison, "score_drop"), Error);
  EXPECT_THROW(physics_iq_condition_holds(comparison, "score_drop>much"), Error);

  // Sides whose numbers mean something else are refused; what only blurs them is said.
  std::string warnings = comparison["warnings"].dump();
  EXPECT_NE(warnings.find("15, 30 fps"), std::string::npos) << warnings;
  PhysicsIqOptions shorter = options;
  shorter.out = dir / "shorter";
  shorter.plan.first_frames = 60;
  evaluate_physics_iq(shorter);
  EXPECT_THROW(compare_physics_iq(dir / "a", dir / "shorter", statistics), Error);
  PhysicsIqOptions two = options;
  two.out = dir / "two";
  two.plan.generated.push_back(other.plan.generated.front());
  evaluate_physics_iq(two);
  const Json card = read_json(dir / "two/submission_card.json");
  EXPECT_TRUE(card.at("aggregate").is_null()) << "a mean over two models is no model's";
  EXPECT_EQ(card.at("best_result_claim"), "none: runs of 2 models: make a card for each");
  EXPECT_EQ(format_physics_iq_summary(dir / "two").find("mean ± deviation"), std::string::npos);
  PhysicsIqOptions seeds = options;
  seeds.out = dir / "seeds";
  fs::create_directory_symlink(options.plan.generated.front(), dir / "model-a-bpp-run_02");
  seeds.plan.generated.push_back(dir / "model-a-bpp-run_02");
  evaluate_physics_iq(seeds);
  EXPECT_NE(format_physics_iq_summary(dir / "seeds")
                .find("model-a-bpp, 2 runs: verified 56.65 ± 0.00, original 78.79 ± 0.00"),
            std::string::npos);
  warnings = compare_physics_iq(dir / "a", dir / "two", statistics)["warnings"].dump();
  EXPECT_NE(warnings.find("runs of 2 models"), std::string::npos) << warnings;

  // A probe that is the score itself correlates perfectly.
  CsvWriter probe({"id", "own"});
  for_each_json_line(dir / "a/items.jsonl", [&](int64_t, const Json& line) {
    probe.cell(line.at("path").get<std::string>()).cell(line.at("score").get<double>()).end_row();
  });
  write_file_atomic(dir / "probe.csv", probe.text());
  write_bridge(dir / "a", {dir / "probe.csv"}, statistics);
  const Json bridge = read_json(dir / "a/bridge.json").at("probes").at(0);
  bool found = false;
  for (const Json& entry : bridge.at("correlations")) {
    if (entry.at("metric") != "score" || entry.at("category") != "") continue;
    found = true;
    EXPECT_NEAR(entry.at("spearman").get<double>(), 1.0, 1e-12);
  }
  EXPECT_TRUE(found);
  EXPECT_NE(format_bridge(dir / "a").find("own: 12 of 12 samples, +1.00"), std::string::npos);
  // The curves of `probe surprise`: one column for each context, then the smallest of all.
  Json curves{{"name", "vjepa"}, {"contexts", {2, 4}}, {"videos", Json::array()}};
  for_each_json_line(dir / "a/items.jsonl", [&](int64_t, const Json& line) {
    const double score = line.at("score").get<double>();
    const std::string name = line.at("path").get<std::string>();
    curves["videos"].push_back(
        {{"id", name.substr(0, name.size() - 4)}, {"mean", {score, -score, score}}});
  });
  write_file_atomic(dir / "curves.json", curves.dump());
  write_bridge(dir / "a", {dir / "curves.json"}, statistics);
  const std::string joined = format_bridge(dir / "a");
  EXPECT_NE(joined.find("vjepa context 2 mean_surprise: 12 of 12 samples, +1.00"),
            std::string::npos)
      << joined;
  EXPECT_NE(joined.find("vjepa context 4 mean_surprise: 12 of 12 samples, -1.00"),
            std::string::npos)
      << joined;
  EXPECT_NE(joined.find("vjepa Filtered mean_surprise: 12 of 12 samples, +1.00"), std::string::npos)
      << joined;
  for (const char* text : {R"({"name": "x"})", R"({"contexts": [2], "videos": [{"mean": [1]}]})"}) {
    write_file_atomic(dir / "bad.json", text);
    EXPECT_THROW(write_bridge(dir / "a", {dir / "bad.json"}, statistics), Error) << text;
  }
  write_file_atomic(dir / "none.csv", "id,own\nnobody,1\n");
  EXPECT_THROW(write_bridge(dir / "a", {dir / "none.csv"}, statistics), Error);
  write_file_atomic(dir / "twice.csv", "id,own\nx,1\nx,2\n");
  EXPECT_THROW(write_bridge(dir / "a", {dir / "twice.csv"}, statistics), Error);
  // Both runs hold a 0001_…: its bare name could mean either.
  EXPECT_THROW(write_bridge(dir / "two", {dir / "probe.csv"}, statistics), Error);
  // The score itself as the probe: its best of two is the oracle's, its worst is not.
  CsvWriter full({"id", "own"});
  for_each_json_line(dir / "two/items.jsonl", [&](int64_t, const Json& line) {
    full.cell(line.at("id").get<std::string>()).cell(line.at("score").get<double>()).end_row();
  });
  write_file_atomic(dir / "full.csv", full.text());
  write_bridge(dir / "two", {dir / "full.csv"}, statistics);
  const Json best = read_json(dir / "two/bridge.json").at("probes").at(0).at("best_of_n");
  EXPECT_EQ(best.at("candidates"), 2);
  EXPECT_EQ(best.at("samples"), 12);
  EXPECT_EQ(best.at("verified_highest"), best.at("verified_oracle"));
  EXPECT_LT(best.at("verified_lowest").get<double>(), best.at("verified_random").get<double>());
  // What was joined belongs to the results it was joined with.
  evaluate_physics_iq(two);
  EXPECT_FALSE(fs::exists(dir / "two/bridge.json"));
}

TEST(PhysicsIqEvaluationSlow, FramesLeftOutAreRecordedAndSensitivityCoversTheConventions) {
  TempDir dir;
  PhysicsIqOptions options = mini_options(dir / "out", {kModelA});
  options.mask_path = MaskPath::kDirect;
  options.plan.drop_first = 30;
  options.plan.first_frames = 120;
  options.settings = {{"steps", "50"}};
  evaluate_physics_iq(options);
  const Json results = read_json(dir / "out/results.json");
  EXPECT_EQ(results.at("settings").at("drop_first"), 30);
  EXPECT_EQ(results.at("settings").at("first_frames"), 120);
  EXPECT_EQ(results.at("runs").at(0).at("frames"), 120);
  EXPECT_TRUE(results.at("places").empty()) << "another span has no place on a leaderboard";
  const Json card = read_json(dir / "out/submission_card.json");
  EXPECT_EQ(card.at("frames_dropped"), 30);
  EXPECT_EQ(card.at("settings_of_the_generation").at("steps"), "50");
  EXPECT_NEAR(card.at("runs").at(0).at("verified").get<double>(),
              100.0 * run_scores(dir / "out").at("final_score_view").get<double>(), 1e-9);
  EXPECT_EQ(card.at("best_result_claim"), "none: masks without the official codec");
  // Frame 30 of the generated video now meets frame 0 of the recording.
  std::vector<Json> lines;
  for_each_json_line(dir / "out/items.jsonl",
                     [&](int64_t, const Json& line) { lines.push_back(line); });
  ASSERT_EQ(lines.size(), 12U);
  EXPECT_EQ(lines[0].at("curves").at("mse").size(), 120U);

  options.plan.drop_first = 0;
  options.plan.first_frames = 0;
  evaluate_physics_iq(options);
  write_sensitivity(options);
  const Json table = read_json(dir / "out/sensitivity.json").at("table");
  std::map<std::string, double> verified;
  for (const Json& row : table) verified[row.at("variant")] = row.at("verified");
  EXPECT_NEAR(verified.at("as-scored"), 56.65, 0.005);
  EXPECT_NE(verified.at("threshold-5"), verified.at("threshold-20"));
  if (has_mask_codec()) {
    EXPECT_NEAR(verified.at("masks-mp4v"), 56.62, 0.005);
  }
  EXPECT_EQ(verified.at("decode-tagged"), verified.at("as-scored")) << "the clips are not tagged";
  EXPECT_NE(format_sensitivity(dir / "out").find("threshold-20"), std::string::npos);
}

TEST(PhysicsIqLeaderboard, EqualsThePublishedRows) {
  const Json golden = read_json(testing::golden_path("physics_iq/leaderboard.json"));
  for (const std::string board : {"verified", "original"}) {
    const Json& rows = golden.at(board + "_percent");
    const auto& own = leaderboard(board);
    ASSERT_EQ(own.size(), rows.size()) << board;
    for (std::size_t i = 0; i < own.size(); ++i) {
      EXPECT_EQ(own[i].model, rows[i].at("model"));
      EXPECT_EQ(own[i].input, rows[i].at("input"));
      EXPECT_EQ(own[i].score, rows[i].at("score"));
      EXPECT_EQ(own[i].deviation, rows[i].value("std", -1.0));
      EXPECT_EQ(own[i].prompts, rows[i].value("prompts", ""));
      EXPECT_EQ(own[i].date, rows[i].at("date"));
      EXPECT_EQ(own[i].source, rows[i].at("source"));
    }
  }
  EXPECT_EQ(leaderboard_place("verified", "v2v", 50.0), 2);
  EXPECT_EQ(leaderboard_size("verified", "v2v"), 2);
  EXPECT_EQ(leaderboard_place("original", "i2v", 99.0), 1);
  EXPECT_THROW(leaderboard("other"), Error);
}

TEST(PhysicsIqRunNames, TheModelIsWhatStandsBeforeTheNumberOfTheRun) {
  EXPECT_EQ(model_of_run("sora2-bpp-run_01"), "sora2-bpp");
  EXPECT_EQ(model_of_run("sora2_op_run_12"), "sora2_op");
  EXPECT_EQ(model_of_run("model"), "model");
  EXPECT_EQ(model_of_run("trial-run_a"), "trial-run_a");
  EXPECT_EQ(model_of_run("run_01"), "run_01");
}

TEST(PhysicsIqBridge, SpearmanWithTies) {
  EXPECT_NEAR(spearman({1, 2, 3, 4}, {10, 20, 30, 40}), 1.0, 1e-15);
  EXPECT_NEAR(spearman({1, 2, 3, 4}, {4, 3, 2, 1}), -1.0, 1e-15);
  // Ranks 0.5 0.5 2 3 against 0 1 2 3: by hand 4.5 / sqrt(4.5 * 5).
  EXPECT_NEAR(spearman({1, 1, 2, 3}, {1, 2, 3, 4}), 4.5 / std::sqrt(22.5), 1e-12);
  EXPECT_TRUE(std::isnan(spearman({1, 1}, {1, 2})));
}

}  // namespace
}  // namespace physprobe
