// `score`, `compare` and `report` of minimal pairs, in process: exit codes, documents, files.

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/directory_lock.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

#include "cli/cli_runner.h"

namespace physprobe {
namespace {

using testing::CliOutcome;
using testing::run_cli;

const std::string& logs() {
  static const std::string path = testing::golden_path("minimal_pairs");
  return path;
}

TEST(ScoreCommand, PrintsOneDocumentWithThePublishedKeys) {
  const CliOutcome outcome = run_cli({"score", "mvp", logs(), "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  // mvp_expected.json, percentages to 1e-9.
  EXPECT_NEAR(json["group"]["pair_accuracy"]["value"].get<double>(), 41.36904761904762, 1e-9);
  EXPECT_NEAR(json["group"]["single_accuracy"]["value"].get<double>(), 62.93898809523809, 1e-9);
  EXPECT_EQ(json["tasks"].size(), 4U);
  EXPECT_TRUE(outcome.err.empty()) << outcome.err;
}

TEST(ScoreCommand, ARunFolderIsCompleteVerifiedReportedAndCompared) {
  const testing::TempDir dir;
  const CliOutcome outcome = run_cli({"score", "mvp", logs(), "--out", dir / "run", "-q"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(read_file(dir / "run/COMPLETE").find(sha256_hex(read_file(dir / "run/results.json"))),
            std::string::npos);
  EXPECT_EQ(run_cli({"verify", dir / "run"}).code, 0);
  const std::string items = read_file(dir / "run/items.jsonl");
  write_file_atomic(dir / "run/items.jsonl", items + "\n");
  const CliOutcome changed = run_cli({"verify", dir / "run"});
  EXPECT_EQ(changed.code, 7);
  EXPECT_NE((changed.out + changed.err).find("items.jsonl"), std::string::npos) << changed.out;
  write_file_atomic(dir / "run/items.jsonl", items);
  const std::string page = read_file(dir / "run/report.html");
  for (const char* text : {"Disagreeing parses", "temporal_reasoning", "Qwen2-VL 7B", "item-data"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
  const CliOutcome again = run_cli({"score", "mvp", logs(), "--out", dir / "run"});
  EXPECT_EQ(again.code, 2) << "results are not replaced unasked";
  EXPECT_EQ(run_cli({"score", "mvp", logs(), "--out", dir / "run", "--overwrite", "-q"}).code, 0);
  EXPECT_EQ(read_file(dir / "run/report.html"), page) << "equal input gives an equal page";
  std::filesystem::remove(dir / "run/report.html");
  EXPECT_EQ(run_cli({"report", dir / "run"}).code, 0);
  EXPECT_EQ(read_file(dir / "run/report.html"), page);
  write_file_atomic(dir / "run/results.json.tmp-99999999-1", "what a killed report left");
  EXPECT_EQ(run_cli({"report", dir / "run"}).code, 0);
  EXPECT_FALSE(std::filesystem::exists(dir / "run/results.json.tmp-99999999-1"));
  const CliOutcome comparison = run_cli({"compare", dir / "run", "--json"});
  ASSERT_EQ(comparison.code, 0) << comparison.err;
  EXPECT_EQ(nlohmann::json::parse(comparison.out)["protocol"], "pairs/mvp-1");
}

TEST(ScoreCommand, KilledBeforeItsReportTheSameCommandContinues) {
  const testing::TempDir dir;
  const std::vector<std::string> command = {"score", "mvp", logs(), "--out", dir / "run", "-q"};
  ASSERT_EQ(run_cli(command).code, 0);
  const std::string page = read_file(dir / "run/report.html");
  const std::string seal = read_file(dir / "run/COMPLETE");
  // As it stands after results and before the report: no page, and no digest of one.
  std::filesystem::remove(dir / "run/report.html");
  const std::size_t name = seal.find("  report.html\n");
  ASSERT_NE(name, std::string::npos);
  std::string shorter = seal;
  shorter.erase(name - 64, 64 + std::string("  report.html\n").size());
  write_file_atomic(dir / "run/COMPLETE", shorter);
  EXPECT_EQ(run_cli({"score", "mvp", logs(), "--out", dir / "run"}).code, 2) << "another command";
  EXPECT_EQ(run_cli(command).code, 0);
  EXPECT_EQ(read_file(dir / "run/report.html"), page);
  EXPECT_EQ(read_file(dir / "run/COMPLETE"), seal);
}

TEST(ScoreCommand, ADirectoryInUseOrOfAnotherKindIsRefused) {
  const testing::TempDir dir;
  const std::vector<std::string> command = {"score", "mvp", logs(), "--out", dir / "run", "-q"};
  create_directories(dir / "run");
  // An interrupted suite: no COMPLETE yet, and still nothing of it may be lost.
  const std::string begun = R"({"schema": 1, "name": "demo", "suite_digest": "00"})";
  write_file_atomic(dir / "run/run.json", begun);
  const CliOutcome other = run_cli(command);
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("holds a run of `physprobe run` ('demo')"), std::string::npos)
      << other.err;
  EXPECT_EQ(read_file(dir / "run/run.json"), begun);
  std::filesystem::remove(dir / "run/run.json");
  {
    const DirectoryLock writer(dir / "run");
    const CliOutcome second = run_cli(command);
    EXPECT_EQ(second.code, 5);
    EXPECT_NE(second.err.find("is being written by another process"), std::string::npos);
  }
  ASSERT_EQ(run_cli(command).code, 0);
  const DirectoryLock writer(dir / "run");
  EXPECT_EQ(run_cli({"report", dir / "run"}).code, 5);
}

TEST(ScoreCommand, DefectsEndWith4AndUnusableInputWith3) {
  const testing::TempDir dir;
  write_file_atomic(dir / "1_samples_mvp_mini_intuitive_physics.jsonl", "{\"broken\n");
  const CliOutcome broken = run_cli({"score", "mvp", dir.path()});
  EXPECT_EQ(broken.code, 4);
  EXPECT_NE(broken.err.find(":1"), std::string::npos) << broken.err;
  EXPECT_EQ(run_cli({"score", "mvp", "/nonexistent"}).code, 3);
  EXPECT_EQ(run_cli({"score", "mvp", testing::golden_path("minimal_pairs/submission")}).code, 4)
      << "without annotations nothing of a submission can be scored";
  EXPECT_EQ(run_cli({"score", "mvp", logs(), "--parser", "lax"}).code, 2);
  EXPECT_EQ(run_cli({"score", "mvp", logs(), "--resamples", "0"}).code, 2);
  EXPECT_EQ(run_cli({"score"}).code, 2);
  const CliOutcome typo = run_cli({"score", "winogrond", "x"});
  EXPECT_EQ(typo.code, 2);
  EXPECT_NE(typo.err.find("'winoground'"), std::string::npos) << typo.err;
  EXPECT_EQ(run_cli({"compare", "/nonexistent"}).code, 3);
}

TEST(ScoreCommand, EveryProtocolHasAHelpText) {
  for (const char* name : {"mvp", "pairs", "intphys2", "winoground", "vinoground", "naturalbench",
                           "error-consistency"}) {
    const CliOutcome outcome = run_cli({"score", name, "--help"});
    EXPECT_EQ(outcome.code, 0) << name;
    EXPECT_NE(outcome.out.find(name), std::string::npos) << name;
  }
}

TEST(CompareCommand, ProtocolsAreNeverMixed) {
  const testing::TempDir dir;
  write_file_atomic(dir / "a.csv", "id,label,prediction\np_1,A,A\np_2,B,B\n");
  ASSERT_EQ(run_cli({"score", "mvp", logs(), "--out", dir / "mvp", "-q", "--no-report"}).code, 0);
  ASSERT_EQ(run_cli({"score", "pairs", dir / "a.csv", "--out", dir / "pairs", "-q"}).code, 0);
  EXPECT_TRUE(std::filesystem::exists(dir / "pairs/report.html"));
  EXPECT_EQ(run_cli({"compare", dir / "mvp", dir / "pairs"}).code, 6);
  write_file_atomic(dir / "other.json", R"({"protocol": "phyworld/velocity-1"})");
  EXPECT_EQ(run_cli({"compare", dir / "other.json"}).code, 6);
}

TEST(ScoreCommand, GroupedScoresHaveARunFolderAReportAndAComparison) {
  const testing::TempDir dir;
  std::string rows = "index,answer,prediction\n";
  for (int i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i);
    rows += n + "_pos_text,A,A\n" + n + "_neg_text,B," + (i % 2 == 0 ? "B" : "A") + "\n";
    rows += n + "_pos_video,A,A\n" + n + "_neg_video,B,B\n";
  }
  write_file_atomic(dir / "m<1>.csv", rows);
  const CliOutcome outcome =
      run_cli({"score", "vinoground", dir / "m<1>.csv", "--out", dir / "run"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("460 of 500 examples are not in its file"), std::string::npos)
      << outcome.out;
  const std::string page = read_file(dir / "run/report.html");
  for (const char* text : {"best model of the paper", "item-data", "m&lt;1&gt;", "39"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
  EXPECT_EQ(page.find("Disagreeing parses"), std::string::npos) << "there is one rule only";
  EXPECT_EQ(run_cli({"verify", dir / "run"}).code, 0);
  const CliOutcome comparison = run_cli({"compare", dir / "run"});
  ASSERT_EQ(comparison.code, 0) << comparison.err;
  EXPECT_NE(comparison.out.find("published: Vinoground"), std::string::npos) << comparison.out;

  write_file_atomic(dir / "s.csv",
                    "id,label,score\np_1,possible,0.5\np_2,impossible,0.75\n"
                    "q_1,possible,2\nq_2,impossible,2\n");
  ASSERT_EQ(run_cli({"score", "pairs", dir / "s.csv", "--out", dir / "relative", "-q"}).code, 0);
  const std::string relative = read_file(dir / "relative/report.html");
  EXPECT_NE(relative.find("relative_accuracy"), std::string::npos);
  EXPECT_NE(relative.find("tie"), std::string::npos);
  EXPECT_EQ(run_cli({"compare", dir / "relative"}).code, 0);
  EXPECT_EQ(run_cli({"compare", dir / "relative", dir / "run"}).code, 6);
}

TEST(ProbeSurprise, ScoresArraysAndWritesARun) {
  const testing::TempDir dir;
  const std::string arrays = testing::golden_path("voe/metrics_arrays.safetensors");
  std::string manifest = "id,label,pair\n";
  for (int i = 0; i < 20; ++i)
    manifest += "v" + std::to_string(i) + "," + std::to_string(1 - i % 2) + ",p" +
                std::to_string(i / 2) + "\n";
  write_file_atomic(dir / "m.csv", manifest);
  const std::vector<std::string> command = {
      "probe",      "surprise",    "--arrays",  arrays + ":small_n10.losses",
      "--manifest", dir / "m.csv", "--context", "2,6",
      "--padding",  "counted"};
  std::vector<std::string> with_out = command;
  with_out.insert(with_out.end(), {"--out", dir / "run", "-q"});
  const CliOutcome outcome = run_cli(with_out);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("exchanged labels"), std::string::npos) << outcome.out;
  EXPECT_EQ(read_file(dir / "run/surprise_metrics.csv").rfind("Model;Property;Context", 0), 0U);
  EXPECT_NE(read_file(dir / "run/report.html").find("Filtered"), std::string::npos);
  EXPECT_EQ(run_cli({"verify", dir / "run"}).code, 0);
  EXPECT_EQ(run_cli({"compare", dir / "run"}).code, 0);
  // A fixed context that is not there; contexts that do not fit; no labels.
  std::vector<std::string> other = command;
  other.insert(other.end(), {"--fixed-context", "3"});
  EXPECT_EQ(run_cli(other).code, 2);
  EXPECT_EQ(run_cli({"probe", "surprise", "--arrays", arrays + ":small_n10.losses", "--manifest",
                     dir / "m.csv", "--context", "2"})
                .code,
            2);
  EXPECT_EQ(run_cli({"probe", "surprise", "--arrays", arrays}).code, 3) << "items without ids";
}

TEST(ProbeSurprise, FlagsAndColumnsThatWouldBePassedOverAreRefused) {
  const testing::TempDir dir;
  write_safetensors(dir / "a.safetensors", {{"v0", at::ones({2, 3})}, {"v1", at::ones({2, 3})}});
  write_file_atomic(dir / "m.csv", "id,label,pair\nv0,1,p\nv1,0,p\n");
  write_file_atomic(dir / "plain.csv", "id,pair\nv0,p\nv1,p\n");
  write_file_atomic(dir / "heading.csv", "id,label,pair\n");
  write_file_atomic(dir / "latin.csv", "id,label,pair\nv\xE9,1,p\n");
  const auto refused = [&](int code, const std::string& expected,
                           const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"probe", "surprise", "--arrays", dir / "a.safetensors"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const CliOutcome outcome = run_cli(arguments);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_NE(outcome.err.find(expected), std::string::npos) << outcome.err;
  };
  const std::string manifest = dir / "m.csv";
  refused(2, "--dataset: goes with --encoder", {"--dataset", dir.path()});
  refused(2, "--window: goes with --encoder", {"--manifest", manifest, "--window", "8"});
  refused(2, "two models are named 'a'", {dir / "a.safetensors", "--manifest", manifest});
  refused(2, "--by: 'tusk' is no column of", {"--manifest", manifest, "--by", "tusk"});
  refused(2, "--columns: 'tusk' is no column of",
          {"--manifest", manifest, "--columns", "task=tusk"});
  refused(3, "lacks the column 'label'; found: id, pair", {"--manifest", dir / "plain.csv"});
  refused(3, "holds a heading but no rows", {"--manifest", dir / "heading.csv"});
  refused(3, "line 2: is not UTF-8 (byte 0xE9)", {"--manifest", dir / "latin.csv"});
}

TEST(ScoreCommand, AClusterColumnThatIsNotThereIsRefused) {
  const testing::TempDir dir;
  write_file_atomic(dir / "m.csv", "id,label,prediction,scene\np_1,A,A,s\np_2,B,B,s\n");
  const CliOutcome outcome = run_cli({"score", "pairs", dir / "m.csv", "--cluster-by", "scenes"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("did you mean 'scene'"), std::string::npos) << outcome.err;
}

TEST(ScoreCommand, HostileTextsStayTexts) {
  const testing::TempDir dir;
  write_file_atomic(dir / "m.csv",
                    "id,label,prediction\n<script>alert(1)</script>_1,A,<img src=x>\np_2,B,B\n");
  EXPECT_EQ(run_cli({"score", "pairs", dir / "m.csv", "--out", dir / "run", "-q"}).code, 4)
      << "neither item has a partner";
  const std::string page = read_file(dir / "run/report.html");
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_EQ(page.find("<img src=x"), std::string::npos);
}

TEST(ValidateCommand, PublishedMvpResultsFitTheBenchmark) {
  const CliOutcome outcome = run_cli({"validate", "mvp"});
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_NE(outcome.out.find("924 of 2862"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace physprobe
