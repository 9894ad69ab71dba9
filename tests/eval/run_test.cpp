#include "physprobe/eval/run.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/rng.h"
#include "physprobe/video/video_writer.h"

#include "support/temp_dir.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

/// Folders of small PNG frames with a bar that drifts: real items without a codec.
void write_item(const std::string& folder, uint64_t seed, int frames = 9) {
  fs::create_directories(folder);
  Rng rng(seed);
  for (int t = 0; t < frames; ++t) {
    at::Tensor frame = at::empty({32, 32, 3}, at::kByte);
    uint8_t* data = frame.data_ptr<uint8_t>();
    for (int64_t i = 0; i < frame.numel(); ++i) data[i] = static_cast<uint8_t>(rng.below(64));
    const int64_t column = static_cast<int64_t>((seed * 5 + static_cast<uint64_t>(t) * 2) % 30);
    frame.slice(1, column, column + 2).fill_(220);
    char name[32];
    snprintf(name, sizeof name, "/%04d.png", t);
    write_file_atomic(folder + name, encode_png(frame));
  }
}

class Run : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 6; ++i)
      write_item(dir_ / ("data/item-" + std::to_string(i)), static_cast<uint64_t>(i + 1));
  }

  Suite suite(const std::vector<std::string>& overrides = {}) const {
    return parse_suite(R"(
name: test
sampling: {scheme: all}
encoders:
  - {family: v1, options: {size: 32, scales: 2, orientations: 3}, taps: [pixel, retina, v1]}
  - {family: pixels}
statistics: {resamples: 99}
report: {clips: false, strip_frames: 4}
dataset: {path: ")" + dir_ / "data" +
                           "\"}\n",
                       "test suite", overrides);
  }

  RunOptions options(const std::string& out) const {
    RunOptions options;
    options.out = dir_ / out;
    options.progress = ProgressMode::kNone;
    options.threads = 2;
    return options;
  }

  /// Everything that must be byte-identical between two runs of the same input.
  std::string bytes_of(const std::string& directory) const {
    std::string all;
    for (const char* file :
         {"items.jsonl", "failures.jsonl", "results.json", "results.csv", "COMPLETE"}) {
      all += std::string(file) + "\n" + read_file(directory + "/" + file);
    }
    std::vector<std::string> media;
    for (const auto& entry : fs::recursive_directory_iterator(directory + "/media")) {
      if (entry.is_regular_file()) media.push_back(entry.path().string());
    }
    std::sort(media.begin(), media.end());
    for (const std::string& path : media)
      all += path.substr(directory.size()) + "\n" + read_file(path);
    return all;
  }

  testing::TempDir dir_;
};

TEST_F(Run, WritesEverythingTheDocumentationNames) {
  const RunSummary summary = run_suite(suite(), options("run"));
  EXPECT_EQ(summary.ok, 6);
  EXPECT_EQ(summary.failed, 0);
  for (const char* file : {"run.json", "items.jsonl", "failures.jsonl", "results.json",
                           "results.csv", "log.txt", "COMPLETE", "plan.json"}) {
    EXPECT_TRUE(fs::exists(dir_ / "run/" + file)) << file;
  }
  const auto results = nlohmann::json::parse(read_file(dir_ / "run/results.json"));
  EXPECT_EQ(results["counts"]["ok"], 6);
  bool has_fade = false;
  for (const auto& score : results["scores"]) {
    EXPECT_TRUE(score["n"].get<int>() > 0 && score.contains("interval") &&
                score.contains("protocol"))
        << score;
    has_fade = has_fade || score["condition"] == "fade";
  }
  EXPECT_TRUE(has_fade);
  const auto& nulls = results["nulls"];
  bool says_untrained_does_not_apply = false;
  for (const auto& null : nulls) {
    if (null["name"] == "untrained" && !null["applies"].get<bool>())
      says_untrained_does_not_apply = true;
  }
  EXPECT_TRUE(says_untrained_does_not_apply);
  std::ifstream lines(dir_ / "run/items.jsonl");
  std::string line;
  std::getline(lines, line);
  const auto item = nlohmann::json::parse(line);
  EXPECT_EQ(item["id"], "item-0");
  for (const auto& [encoder, value] : item["encoders"].items())
    EXPECT_EQ(value["neighbours"].size(), 5U) << encoder;
}

TEST_F(Run, SecondRunComesFromTheStoreWithEqualBytes) {
  run_suite(suite(), options("run"));
  const std::string first = bytes_of(dir_ / "run");
  const RunSummary again = run_suite(suite(), options("run"));
  EXPECT_EQ(again.from_cache, 6);
  EXPECT_EQ(bytes_of(dir_ / "run"), first);
}

TEST_F(Run, ThreadsChunksAndFlushesChangeNoByte) {
  run_suite(suite(), options("a"));
  RunOptions other = options("b");
  other.threads = 1;
  other.chunk_frames = 3;
  other.flush_items = 1;
  run_suite(suite(), other);
  EXPECT_EQ(bytes_of(dir_ / "a"), bytes_of(dir_ / "b"));
}

TEST_F(Run, OneBadItemIsDataAndTheOthersFinish) {
  write_file_atomic(dir_ / "data/broken.mp4", "this is text, not a video");
  const RunSummary summary = run_suite(suite(), options("run"));
  EXPECT_EQ(summary.ok, 6);
  EXPECT_EQ(summary.failed, 1);
  const auto failure = nlohmann::json::parse(read_file(dir_ / "run/failures.jsonl"));
  EXPECT_EQ(failure["id"], "broken");
  EXPECT_EQ(failure["kind"], "input");
  EXPECT_EQ(failure["message"].get<std::string>().find(dir_.path()), std::string::npos)
      << "a result must not depend on where the data lies";
}

TEST_F(Run, AnotherConfigurationInTheSameFolderIsRefused) {
  run_suite(suite(), options("run"));
  EXPECT_THROW(run_suite(suite({"memory.k=2"}), options("run")), Error);
  RunOptions overwrite = options("run");
  overwrite.overwrite = true;
  EXPECT_EQ(run_suite(suite({"memory.k=2"}), overwrite).ok, 6);
}

TEST_F(Run, ShardsMergeToTheBytesOfTheWhole) {
  run_suite(suite(), options("whole"));
  for (int64_t i = 0; i < 3; ++i) {
    RunOptions shard = options("sharded");
    shard.shard = Shard{i, 3};
    run_suite(suite(), shard);
  }
  const RunSummary merged = merge_runs({dir_ / "sharded"}, dir_ / "merged");
  EXPECT_EQ(merged.ok, 6);
  EXPECT_EQ(bytes_of(dir_ / "merged"), bytes_of(dir_ / "whole"));
}

TEST_F(Run, MergeRefusesAMissingADoubledAndADifferentShard) {
  // Of three shards these six ids fall into two.
  for (int64_t i = 0; i < 3; ++i) {
    RunOptions shard = options("sharded");
    shard.shard = Shard{i, 3};
    run_suite(suite(), shard);
  }
  const std::string first = dir_ / "sharded/shard-0001-of-0003";
  const std::string second = dir_ / "sharded/shard-0002-of-0003";
  EXPECT_THROW(merge_runs({first}, dir_ / "m1"), Error);
  EXPECT_THROW(merge_runs({first, second, second}, dir_ / "m2"), Error);
  RunOptions other = options("other");
  other.shard = Shard{2, 3};
  run_suite(suite({"memory.k=2"}), other);
  EXPECT_THROW(merge_runs({first, dir_ / "other/shard-0002-of-0003"}, dir_ / "m3"), Error);
}

TEST_F(Run, DryRunMeasuresAndKeepsNothing) {
  const RunEstimate estimate = estimate_run(suite(), options("dry"));
  EXPECT_EQ(estimate.items, 6);
  EXPECT_GE(estimate.measured_items, 2);
  EXPECT_GT(estimate.seconds_total, 0.0);
  EXPECT_GT(estimate.disk_bytes, 0.0);
  EXPECT_FALSE(fs::exists(dir_ / "dry"));
}

}  // namespace
}  // namespace physprobe
