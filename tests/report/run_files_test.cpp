#include "physprobe/report/run_files.h"

#include "physprobe/core/error.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "synthetic_run.h"

namespace physprobe {
namespace {

using testing::read_text;
using testing::SyntheticRun;
using testing::TempDir;
using testing::write_results;
using testing::write_synthetic_run;
using testing::write_text;

class RunFilesTest : public ::testing::Test {
 protected:
  RunFilesTest() { write_synthetic_run(SyntheticRun{}, folder_.path()); }

  void expect_error(ErrorKind kind, const std::string& part) {
    try {
      const RunFiles run(folder_.path());
      ADD_FAILURE() << "the run was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
  nlohmann::ordered_json results() {
    return nlohmann::ordered_json::parse(read_text(folder_ / "results.json"));
  }

  TempDir folder_;
};

TEST_F(RunFilesTest, ReadsSummariesInOrder) {
  const RunFiles run(folder_.path());
  ASSERT_EQ(run.items().size(), 8U);
  EXPECT_EQ(run.items()[3].id, "clip-0003");
  EXPECT_EQ(run.items()[3].label, "shuffled");
  EXPECT_EQ(run.items()[3].strip, "media/b.jpg");
  EXPECT_EQ(run.items()[3].strip_frames, 12);
  EXPECT_DOUBLE_EQ(run.items()[3].aspect, 64.0 / 48.0);
  EXPECT_GT(run.items()[3].pixel_deg, run.items()[3].tap_deg);
  EXPECT_EQ(run.find("clip-0005"), 5);
  EXPECT_EQ(run.find("broken-000"), -1);
  ASSERT_EQ(run.encoders().size(), 1U);
  EXPECT_EQ(run.encoders()[0].taps, (std::vector<std::string>{"pixel", "retina", "v1"}));
  EXPECT_EQ(run.ranking().main_tap, "v1");
}

TEST_F(RunFilesTest, StreamsOnlyWantedLines) {
  const RunFiles run(folder_.path());
  std::vector<std::string> seen;
  run.for_each([](int64_t item) { return item % 3 == 0; },
               [&](int64_t, const nlohmann::json& line) { seen.push_back(line.at("id")); });
  EXPECT_EQ(seen, (std::vector<std::string>{"clip-0000", "clip-0003", "clip-0006"}));
}

TEST_F(RunFilesTest, MissingFilesSayThatTheRunIsUnfinished) {
  for (const char* name : {"COMPLETE", "items.jsonl", "results.json"}) {
    write_synthetic_run(SyntheticRun{}, folder_.path());
    std::filesystem::remove(folder_ / name);
    expect_error(ErrorKind::kInput, name);
  }
  std::filesystem::remove_all(folder_.path());
  expect_error(ErrorKind::kInput, "no directory");
}

TEST_F(RunFilesTest, AnotherSchemaIsIncompatible) {
  auto json = results();
  json["schema"] = 2;
  write_results(json, folder_.path());
  expect_error(ErrorKind::kIncompatible, "schema 2");
}

TEST_F(RunFilesTest, ChangedResultsAreRefused) {
  write_text(folder_ / "results.json", read_text(folder_ / "results.json") + " ");
  expect_error(ErrorKind::kInput, "COMPLETE");
}

TEST_F(RunFilesTest, ItemCountsMustAgree) {
  const std::string items = read_text(folder_ / "items.jsonl");
  write_text(folder_ / "items.jsonl", items.substr(0, items.find('\n') + 1));
  expect_error(ErrorKind::kInput, "has 1 items, results.json counts 8");
}

TEST_F(RunFilesTest, FailureCountsMustAgree) {
  std::filesystem::remove(folder_ / "failures.jsonl");
  expect_error(ErrorKind::kInput, "has 0 failures, results.json counts 1");
}

TEST_F(RunFilesTest, AnItemTwiceIsRefusedWithItsLine) {
  const std::string items = read_text(folder_ / "items.jsonl");
  write_text(folder_ / "items.jsonl", items + items.substr(0, items.find('\n') + 1));
  expect_error(ErrorKind::kInput, "items.jsonl:9");
}

TEST_F(RunFilesTest, AMalformedItemIsRefusedWithItsLine) {
  const std::string items = read_text(folder_ / "items.jsonl");
  write_text(folder_ / "items.jsonl", items + "{\"id\": 3}\n");
  expect_error(ErrorKind::kInput, "items.jsonl:9");
  write_text(folder_ / "items.jsonl", items + "{\"id\":\n");
  expect_error(ErrorKind::kInput, "items.jsonl");
}

TEST_F(RunFilesTest, MissingResultFieldsAreRefused) {
  for (const char* field : {"encoders", "counts"}) {
    write_synthetic_run(SyntheticRun{}, folder_.path());
    auto json = results();
    json.erase(field);
    write_results(json, folder_.path());
    expect_error(ErrorKind::kInput, "run_format.md");
  }
}

}  // namespace
}  // namespace physprobe
