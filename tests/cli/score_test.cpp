// `score`, `compare` and `report` of minimal pairs, in process: exit codes, documents, files.

#include "physprobe/cli/cli.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/hashing.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <sstream>

namespace physprobe {
namespace {

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

Outcome run(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = run_command_line(arguments, out, err);
  return {code, out.str(), err.str()};
}

const std::string& logs() {
  static const std::string path = testing::golden_path("minimal_pairs");
  return path;
}

TEST(ScoreCommand, PrintsOneDocumentWithThePublishedKeys) {
  const Outcome outcome = run({"score", "mvp", logs(), "--json"});
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
  const Outcome outcome = run({"score", "mvp", logs(), "--out", dir / "run", "-q"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(read_file(dir / "run/COMPLETE"),
            sha256_hex(read_file(dir / "run/results.json")) + "\n");
  const std::string page = read_file(dir / "run/report.html");
  for (const char* text : {"Disagreeing parses", "temporal_reasoning", "Qwen2-VL 7B", "item-data"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
  const Outcome again = run({"score", "mvp", logs(), "--out", dir / "run"});
  EXPECT_EQ(again.code, 2) << "results are not replaced unasked";
  EXPECT_EQ(run({"score", "mvp", logs(), "--out", dir / "run", "--overwrite", "-q"}).code, 0);
  EXPECT_EQ(read_file(dir / "run/report.html"), page) << "equal input gives an equal page";
  std::filesystem::remove(dir / "run/report.html");
  EXPECT_EQ(run({"report", dir / "run"}).code, 0);
  EXPECT_EQ(read_file(dir / "run/report.html"), page);
  const Outcome comparison = run({"compare", dir / "run", "--json"});
  ASSERT_EQ(comparison.code, 0) << comparison.err;
  EXPECT_EQ(nlohmann::json::parse(comparison.out)["protocol"], "pairs/mvp-1");
}

TEST(ScoreCommand, DefectsEndWith4AndUnusableInputWith3) {
  const testing::TempDir dir;
  write_file_atomic(dir / "1_samples_mvp_mini_intuitive_physics.jsonl", "{\"broken\n");
  const Outcome broken = run({"score", "mvp", dir.path()});
  EXPECT_EQ(broken.code, 4);
  EXPECT_NE(broken.err.find(":1"), std::string::npos) << broken.err;
  EXPECT_EQ(run({"score", "mvp", "/nonexistent"}).code, 3);
  EXPECT_EQ(run({"score", "mvp", testing::golden_path("minimal_pairs/submission")}).code, 4)
      << "without annotations nothing of a submission can be scored";
  EXPECT_EQ(run({"score", "mvp", logs(), "--parser", "lax"}).code, 2);
  EXPECT_EQ(run({"score", "mvp", logs(), "--resamples", "0"}).code, 2);
  EXPECT_EQ(run({"score"}).code, 2);
  const Outcome typo = run({"score", "winogrond", "x"});
  EXPECT_EQ(typo.code, 2);
  EXPECT_NE(typo.err.find("'winoground'"), std::string::npos) << typo.err;
  EXPECT_EQ(run({"compare", "/nonexistent"}).code, 3);
}

TEST(ScoreCommand, EveryProtocolHasAHelpText) {
  for (const char* name : {"mvp", "pairs", "intphys2", "winoground", "vinoground", "naturalbench",
                           "error-consistency"}) {
    const Outcome outcome = run({"score", name, "--help"});
    EXPECT_EQ(outcome.code, 0) << name;
    EXPECT_NE(outcome.out.find(name), std::string::npos) << name;
  }
}

TEST(CompareCommand, ProtocolsAreNeverMixed) {
  const testing::TempDir dir;
  write_file_atomic(dir / "a.csv", "id,label,prediction\np_1,A,A\np_2,B,B\n");
  ASSERT_EQ(run({"score", "mvp", logs(), "--out", dir / "mvp", "-q", "--no-report"}).code, 0);
  ASSERT_EQ(run({"score", "pairs", dir / "a.csv", "--out", dir / "pairs", "-q"}).code, 0);
  EXPECT_TRUE(std::filesystem::exists(dir / "pairs/report.html"));
  EXPECT_EQ(run({"compare", dir / "mvp", dir / "pairs"}).code, 6);
  write_file_atomic(dir / "other.json", R"({"protocol": "phyworld/velocity-1"})");
  EXPECT_EQ(run({"compare", dir / "other.json"}).code, 6);
}

TEST(ScoreCommand, HostileTextsStayTexts) {
  const testing::TempDir dir;
  write_file_atomic(dir / "m.csv",
                    "id,label,prediction\n<script>alert(1)</script>_1,A,<img src=x>\np_2,B,B\n");
  EXPECT_EQ(run({"score", "pairs", dir / "m.csv", "--out", dir / "run", "-q"}).code, 4)
      << "neither item has a partner";
  const std::string page = read_file(dir / "run/report.html");
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_EQ(page.find("<img src=x"), std::string::npos);
}

TEST(ValidateCommand, PublishedMvpResultsFitTheBenchmark) {
  const Outcome outcome = run({"validate", "mvp"});
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_NE(outcome.out.find("924 of 2862"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace physprobe
