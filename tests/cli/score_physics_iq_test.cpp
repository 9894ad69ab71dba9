// `score physics-iq` and `compare` as a user calls them: exit codes, documents, the report.

#include "physprobe/core/atomic_file.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

#include "cli/cli_runner.h"

namespace physprobe {
namespace {

using testing::CliOutcome;
using testing::run_cli;
using testing::TempDir;

std::string minibench(const std::string& relative = "") {
  return testing::golden_path("physics_iq/minibench/" + relative);
}

std::vector<std::string> score(const std::string& model, const std::string& out) {
  return {"score",       "physics-iq", "--generated",    minibench("generated/" + model),
          "--benchmark", minibench(),  "--descriptions", minibench("descriptions.csv"),
          "--out",       out,          "--masks",        "direct",
          "--resamples", "99",         "--progress",     "none"};
}

std::vector<std::string> with(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(ScorePhysicsIqCommand, TablesAloneAreScored) {
  const std::string a = minibench("expected/model-a-bpp-run_01.csv");
  const std::string b = minibench("expected/model-b-op-run_01.csv");
  const CliOutcome text = run_cli({"score", "physics-iq", "--from-table", a, b, "--descriptions",
                                   minibench("descriptions.csv"), "--model-name", "mine"});
  ASSERT_EQ(text.code, 0) << text.err;
  for (const char* part : {"56.62", "78.71", "22.08", "25.42", "Optics", "mine,39.35,24.43"})
    EXPECT_NE(text.out.find(part), std::string::npos) << part << " is not in " << text.out;
  const CliOutcome json = run_cli({"score", "physics-iq", "--from-table", a, "--json"});
  ASSERT_EQ(json.code, 0) << json.err;
  EXPECT_EQ(nlohmann::json::parse(json.out).at("runs").size(), 1U);
  const CliOutcome holes =
      run_cli({"score", "physics-iq", "--from-table",
               testing::golden_path("physics_iq/scores/missing_scalar_cell.csv")});
  EXPECT_EQ(holes.code, 0) << holes.err;
  EXPECT_NE(holes.out.find("1 of 6 samples lack a number"), std::string::npos) << holes.out;
}

TEST(ScorePhysicsIqCommand, TablesRefuseWhatConcernsVideos) {
  const std::string a = minibench("expected/model-a-bpp-run_01.csv");
  const std::vector<std::string> tables = {"score", "physics-iq", "--from-table", a};
  for (const std::vector<std::string>& more : {std::vector<std::string>{"--generated", "folder"},
                                               {"--manifest", "set.csv"},
                                               {"--frames", "first:9"},
                                               {"--drop-first", "1"},
                                               {"--rate", "8"},
                                               {"--setting", "a=b"},
                                               {"--join", "probe.csv"},
                                               {"--sensitivity"},
                                               {"--out", "folder"}}) {
    const CliOutcome refused = run_cli(with(tables, more));
    EXPECT_EQ(refused.code, 2) << more[0];
    EXPECT_NE(refused.err.find(more[0]), std::string::npos) << refused.err;
    EXPECT_NE(refused.err.find("--from-table"), std::string::npos) << refused.err;
  }
  const CliOutcome twice = run_cli(with(tables, {a}));
  EXPECT_EQ(twice.code, 2);
  EXPECT_NE(twice.err.find("is named twice"), std::string::npos) << twice.err;
}

TEST(ScorePhysicsIqCommand, EveryMisuseHasItsExitCode) {
  const TempDir dir;
  const auto model_a = score("model-a-bpp-run_01", dir / "out");
  const CliOutcome bare = run_cli({"score", "physics-iq"});
  EXPECT_EQ(bare.code, 2);
  EXPECT_NE(bare.err.find("--generated"), std::string::npos) << "what to score comes first";
  write_file_atomic(dir / "words.csv", "id,score\n0001,high\n");
  const CliOutcome words = run_cli(with(model_a, {"--join", dir / "words.csv"}));
  EXPECT_EQ(words.code, 3);
  EXPECT_NE(words.err.find("has no number beside an id"), std::string::npos) << words.err;
  EXPECT_EQ(run_cli(with(model_a, {"--frames", "120"})).code, 2);
  const CliOutcome both = run_cli({"score", "physics-iq", "--manifest", "set.csv", "--descriptions",
                                   minibench("descriptions.csv"), "--out", dir / "out"});
  EXPECT_EQ(both.code, 2);
  EXPECT_NE(both.err.find("--descriptions"), std::string::npos) << both.err;
  EXPECT_EQ(run_cli(with(model_a, {"--drop-first", "1", "--rate", "8"})).code, 2);
  EXPECT_EQ(run_cli(with(model_a, {"--decode", "other"})).code, 2);
  EXPECT_EQ(run_cli(with(model_a, {"--setting", "steps"})).code, 2);
  EXPECT_EQ(run_cli(with(model_a, {"--rate", "0"})).code, 2);
  EXPECT_EQ(run_cli(with(model_a, {"--join", dir / "nowhere.csv"})).code, 3);
  EXPECT_EQ(run_cli(with(model_a, {"--ground-truth", "original"})).code, 3);
  EXPECT_EQ(run_cli(score("nowhere", dir / "out")).code, 3);
  const CliOutcome late = run_cli(with(model_a, {"--drop-first", "1"}));
  EXPECT_EQ(late.code, 3);
  EXPECT_NE(late.err.find("12 problems"), std::string::npos) << late.err;
  EXPECT_NE(late.err.find("--frames first:149"), std::string::npos) << late.err;
  EXPECT_EQ(run_cli({"score", "physics-iq", "--from-table",
                     testing::golden_path("physics_iq/scores/no_rows.csv")})
                .code,
            3);
  EXPECT_FALSE(std::filesystem::exists(dir / "out"));
}

TEST(ScorePhysicsIqCommandSlow, HeadlinesNameTheScoreOfTheGroundTruth) {
  const TempDir dir;
  std::filesystem::create_directory_symlink(minibench("physics-IQ-benchmark-verified"),
                                            dir / "physics-IQ-benchmark");
  const std::vector<std::string> quick = {"--masks",     "direct", "--no-media", "-q",
                                          "--resamples", "99",     "--progress", "none"};
  const CliOutcome original =
      run_cli(with({"score", "physics-iq", "--generated", minibench("generated/model-b-op-run_01"),
                    "--benchmark", dir.path(), "--descriptions", minibench("descriptions.csv"),
                    "--ground-truth", "original", "--out", dir / "o"},
                   quick));
  ASSERT_EQ(original.code, 0) << original.err;
  EXPECT_NE(original.out.find("original, model-b-op-run_01: 25.40 ["), std::string::npos)
      << original.out;
  EXPECT_NE(read_file(dir / "o/report.html").find("25.4 of 100</em> on Physics-IQ</h1>"),
            std::string::npos);

  const std::string clip =
      minibench("generated/model-b-op-run_01/0001_perspective-left_trimmed-disc-and-block.mp4");
  write_file_atomic(dir / "set.csv",
                    "generated,real,take2\n" + clip + "," + clip + "," + clip + "\n");
  const CliOutcome own = run_cli(
      with({"score", "physics-iq", "--manifest", dir / "set.csv", "--out", dir / "own"}, quick));
  ASSERT_EQ(own.code, 0) << own.err;
  EXPECT_NE(read_file(dir / "own/report.html").find("100.0 of 100</em> on a set of your own</h1>"),
            std::string::npos);

  // Runs of one model are seeds and have a deviation; those of two models have none.
  const auto reported_over_runs = [&](const std::string& first, const std::string& second) {
    std::string rows = "generated,real,take2,run\n";
    for (const std::string& run : {first, second})
      rows += fmt::format("{0},{0},{0},{1}\n", clip, run);
    write_file_atomic(dir / "runs.csv", rows);
    const CliOutcome outcome = run_cli(
        with({"score", "physics-iq", "--manifest", dir / "runs.csv", "--out", dir / first}, quick));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return read_file(dir / first + "/report.html").find("mean ± deviation") != std::string::npos;
  };
  EXPECT_TRUE(reported_over_runs("m-run_01", "m-run_02"));
  EXPECT_FALSE(reported_over_runs("one", "two"));
}

TEST(ScorePhysicsIqCommandSlow, ScoresReportsComparesAndFailsAScheduledJob) {
  const TempDir dir;
  const CliOutcome a = run_cli(score("model-a-bpp-run_01", dir / "a"));
  ASSERT_EQ(a.code, 0) << a.err;
  EXPECT_NE(a.out.find("56.65"), std::string::npos) << a.out;
  EXPECT_NE(a.out.find("verified ground truth, masks: direct\ndecoding: swscale"),
            std::string::npos)
      << a.out;
  EXPECT_NE(a.out.find("no leaderboard number: masks without the official codec"),
            std::string::npos)
      << a.out;
  const std::string page = read_file(dir / "a/report.html");
  EXPECT_LT(page.size(), 25'000'000U);
  // Worst first: the tank fills badly, the still scene is as still.
  const std::size_t worst = page.find("id=\"item-model-a-bpp-run_01/trimmed-tank-fills.mp4/");
  const std::size_t best = page.find("id=\"item-model-a-bpp-run_01/trimmed-still-objects.mp4/");
  ASSERT_NE(worst, std::string::npos);
  ASSERT_NE(best, std::string::npos);
  EXPECT_LT(worst, best);
  for (const char* part :
       {"real, take 1", "generated", "where they move", "data:video/", "data:image/jpeg",
        "56.6 of 100", "script-src 'sha256-", "id=\"provenance\""})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  EXPECT_EQ(page.find(testing::golden_path("")), std::string::npos) << "names no folder";

  const CliOutcome b = run_cli(with(score("model-b-op-run_01", dir / "b"), {"--no-media", "-q"}));
  ASSERT_EQ(b.code, 0) << b.err;
  const CliOutcome worse =
      run_cli({"compare", dir / "a", dir / "b", "--fail-if", "score_drop>1.0"});
  EXPECT_EQ(worse.code, 7) << worse.err;
  EXPECT_NE(worse.out.find("one run on each side"), std::string::npos) << worse.out;
  EXPECT_NE(worse.err.find("score_drop>1.0 holds"), std::string::npos) << worse.err;
  EXPECT_EQ(run_cli({"compare", dir / "b", dir / "a", "--fail-if", "score_drop>1.0"}).code, 0);
  const CliOutcome malformed =
      run_cli({"compare", dir / "a", dir / "b", "--fail-if", "score_dropp>1"});
  EXPECT_EQ(malformed.code, 2);
  EXPECT_EQ(malformed.out, "") << "a wrong flag is said before anything is printed";
  EXPECT_EQ(run_cli({"compare", dir / "a", dir / "nowhere"}).code, 3);

  const CliOutcome report = run_cli({"report", dir / "a"});
  EXPECT_EQ(report.code, 0) << report.err;
  EXPECT_EQ(read_file(dir / "a/report.html"), page) << "equal input gives an equal page";
  const CliOutcome sound = run_cli({"verify", dir / "a"});
  EXPECT_EQ(sound.code, 0) << sound.out;

  // What a killed process left under a temporary name is no result.
  const std::string seal = read_file(dir / "a/COMPLETE");
  write_file_atomic(dir / "a/results/x.csv.tmp-99999999-1", "half");
  ASSERT_EQ(run_cli(score("model-a-bpp-run_01", dir / "a")).code, 0);
  EXPECT_EQ(read_file(dir / "a/COMPLETE"), seal);

  // Results of another command are not written over.
  create_directories(dir / "run");
  write_file_atomic(dir / "run/run.json", R"({"schema": 1, "name": "demo", "suite_digest": "00"})");
  write_file_atomic(dir / "run/COMPLETE", "of the run");
  const CliOutcome other = run_cli(score("model-a-bpp-run_01", dir / "run"));
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("holds a run of `physprobe run`"), std::string::npos) << other.err;
  EXPECT_EQ(read_file(dir / "run/COMPLETE"), "of the run");

  // Nor those of another model, unless that is wanted.
  std::vector<std::string> again = score("model-b-op-run_01", dir / "a");
  const CliOutcome refused = run_cli(again);
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("model-a-bpp-run_01"), std::string::npos) << refused.err;
  EXPECT_EQ(read_file(dir / "a/COMPLETE"), seal);
  again.emplace_back("--overwrite");
  EXPECT_EQ(run_cli(again).code, 0);
}

}  // namespace
}  // namespace physprobe
