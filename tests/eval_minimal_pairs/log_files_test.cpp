#include "physprobe/eval/minimal_pairs/log_files.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/expect_error.h"
#include "eval_minimal_pairs/mvp_rows_text.h"

namespace physprobe {
namespace {

using testing::mvp_pair;
using testing::throws_error;

class LogFiles : public ::testing::Test {
 protected:
  void add(const std::string& name, const std::string& text = mvp_pair("p_1", true, true)) {
    const std::string path = dir_ / name;
    create_directories(std::filesystem::path(path).parent_path().string());
    write_file_atomic(path, text);
  }
  testing::TempDir dir_;
};

TEST_F(LogFiles, AFolderOfFoldersIsAModelEach) {
  add("logs/beta/1_samples_mvp_mini_temporal_reasoning.jsonl");
  add("logs/alpha/1_samples_mvp_mini_intuitive_physics.jsonl");
  add("logs/alpha/1_samples_mvp_mini_temporal_reasoning.jsonl");
  add("logs/alpha/1_results.json", "{}");
  add("logs/alpha/nested/1_samples_mvp_mini_temporal_reasoning.jsonl");
  const auto models = find_logs({dir_ / "logs"});
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].model, "alpha");
  EXPECT_EQ(models[0].logs.size(), 2U) << "folders below a model's are left alone";
  EXPECT_EQ(models[0].totals.size(), 1U);
  EXPECT_EQ(models[0].logs[0].task, "mvp_mini_intuitive_physics");
  EXPECT_EQ(models[0].logs[0].date, "1");
  EXPECT_EQ(models[1].model, "beta");
}

TEST_F(LogFiles, FilesAreNamedAfterTheirFolderOrAsTold) {
  add("alpha/1_samples_mvp_mini_temporal_reasoning.jsonl");
  add("beta/1_samples_mvp_mini_temporal_reasoning.jsonl");
  const auto models =
      find_logs({dir_ / "alpha/1_samples_mvp_mini_temporal_reasoning.jsonl",
                 "other=" + (dir_ / "beta/1_samples_mvp_mini_temporal_reasoning.jsonl")});
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].model, "alpha");
  EXPECT_EQ(models[1].model, "other");
  EXPECT_EQ(find_logs({"named=" + (dir_ / "alpha")})[0].model, "named");
}

TEST_F(LogFiles, KindsAreToldByContent) {
  add("a/mvp_mini_x_valid.jsonl",
      "{\"data_name\": \"mvp_mini\", \"row_id\": \"p_1_1\", \"model_answer\": \"x\", \"task\": "
      "\"t\"}\n");
  add("b/answers.csv", "id,prediction\n");
  EXPECT_EQ(find_logs({dir_ / "a"})[0].logs[0].kind, LogKind::kSubmission);
  EXPECT_EQ(find_logs({dir_ / "b"})[0].logs[0].kind, LogKind::kTable);
}

TEST_F(LogFiles, TwoRunsOfATaskAreNeverMixed) {
  add("m/20250101_samples_mvp_mini_temporal_reasoning.jsonl");
  add("m/20250102_samples_mvp_mini_temporal_reasoning.jsonl");
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "--latest", [&] { find_logs({dir_ / "m"}); }));
  LogSearch latest;
  latest.latest_only = true;
  const auto models = find_logs({dir_ / "m"}, latest);
  ASSERT_EQ(models[0].logs.size(), 1U);
  EXPECT_EQ(models[0].logs[0].date, "20250102");
}

TEST_F(LogFiles, MissingAndEmptyPlacesAreErrors) {
  add("empty/readme.txt", "x");
  add("p/table.parquet", "x");
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "does not exist", [&] { find_logs({dir_ / "no"}); }));
  EXPECT_TRUE(
      throws_error(ErrorKind::kInput, "holds no log", [&] { find_logs({dir_ / "empty"}); }));
  EXPECT_TRUE(
      throws_error(ErrorKind::kInput, "parquet", [&] { find_logs({dir_ / "p/table.parquet"}); }));
  add("one/m/1_samples_x.jsonl");
  add("two/m/1_samples_x.jsonl");
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "two models", [&] {
    find_logs({dir_ / "one", dir_ / "two"});
  }));
}

}  // namespace
}  // namespace physprobe
