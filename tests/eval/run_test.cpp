#include "physprobe/eval/run.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"

#include "support/small_items.h"
#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <sys/stat.h>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

class Run : public ::testing::Test {
 protected:
  void SetUp() override { testing::write_small_items(dir_ / "data", 6, 5); }

  Suite suite(const std::vector<std::string>& overrides = {}) const {
    return parse_suite(testing::small_suite(dir_ / "data"), "test suite", overrides);
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

  static std::optional<ErrorKind> kind_of(const std::function<void()>& body) {
    try {
      body();
    } catch (const Error& error) {
      return error.kind();
    }
    return std::nullopt;
  }

  static bool holds_item(const Shard& shard) {
    for (int i = 0; i < 6; ++i) {
      if (shard.contains("item-" + std::to_string(i))) return true;
    }
    return false;
  }

  testing::TempDir dir_;
};

class RunSlow : public Run {};

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

TEST_F(Run, ThreadsBatchesAndFlushesChangeNoByte) {
  run_suite(suite(), options("whole"));
  RunOptions other = options("other");
  other.threads = 1;
  other.chunk_frames = 3;
  other.flush_items = 1;
  run_suite(suite(), other);
  EXPECT_EQ(bytes_of(dir_ / "other"), bytes_of(dir_ / "whole"));
}

TEST_F(RunSlow, AnOtherwiseSoundRunSurvivesGiantPictures) {
  // Above the limit of 33 million pixels, in the header alone.
  testing::write_small_item(dir_ / "data/item-7", 7, 3);
  const RunSummary summary = run_suite(suite({"video.max_pixels=2000"}), options("fits"));
  EXPECT_EQ(summary.failed, 0) << "32 x 32 pixels fit";
  const at::Tensor giant = at::zeros({50, 50, 3}, at::kByte);
  for (const char* name : {"/0000.png", "/0001.png"})
    write_file_atomic(dir_ / "data/item-7" + std::string(name), encode_png(giant));
  const RunSummary refused = run_suite(suite({"video.max_pixels=2000"}), options("refused"));
  EXPECT_EQ(refused.ok, 6);
  EXPECT_EQ(refused.failed, 1);
  EXPECT_NE(read_file(dir_ / "refused/failures.jsonl").find("max_pixels"), std::string::npos);
}

TEST_F(Run, StillClipsAndShortClipsHaveDefinedResults) {
  fs::create_directories(dir_ / "data/black");
  const at::Tensor black = at::zeros({32, 32, 3}, at::kByte);
  for (int t = 0; t < 5; ++t) {
    write_file_atomic(dir_ / "data/black" + fmt::format("/{}.png", t), encode_png(black));
  }
  testing::write_small_item(dir_ / "data/one", 8, 1);
  testing::write_small_item(dir_ / "data/two", 9, 2);
  const RunSummary summary = run_suite(suite(), options("run"));
  EXPECT_EQ(summary.failed, 0) << read_file(dir_ / "run/failures.jsonl");
  for_each_json_line(dir_ / "run/items.jsonl", [&](int64_t, const nlohmann::json& line) {
    const std::string id = line["id"];
    if (id.rfind("item-", 0) == 0) return;
    for (const auto& [encoder, value] : line["encoders"].items()) {
      for (const auto& [tap, numbers] : value["taps"].items()) {
        if (id == "black") {
          EXPECT_EQ(numbers["n_zero_steps"], 4) << tap;
        } else {
          EXPECT_TRUE(numbers["mean_curvature_deg"].is_null()) << id << " " << tap;
        }
      }
      // A black clip's vector has no direction, so no cosine.
      EXPECT_EQ(value["neighbours"].size(), id == "black" ? 0U : 5U) << id << " " << encoder;
    }
  });
  const std::string results = read_file(dir_ / "run/results.json");
  EXPECT_NE(results.find("fewer than 3 samples"), std::string::npos);
  EXPECT_NE(results.find("1 of 9 items have a retrieval vector of zero"), std::string::npos);
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

TEST_F(Run, AnotherRunInTheSameFolderIsRefusedAndNotTouched) {
  run_suite(suite(), options("run"));
  const std::string before = bytes_of(dir_ / "run");
  EXPECT_EQ(kind_of([&] { run_suite(suite({"memory.k=2"}), options("run")); }), ErrorKind::kUsage)
      << "another configuration";
  testing::write_small_items(dir_ / "other", 6, 4);
  EXPECT_EQ(kind_of([&] { run_suite(suite({"dataset.path=" + dir_ / "other"}), options("run")); }),
            ErrorKind::kUsage)
      << "another data set with the same ids";
  testing::write_small_item(dir_ / "data/item-9", 9);
  EXPECT_EQ(kind_of([&] { run_suite(suite(), options("run")); }), ErrorKind::kUsage)
      << "another list of items";
  EXPECT_EQ(bytes_of(dir_ / "run"), before);
  RunOptions overwrite = options("run");
  overwrite.overwrite = true;
  const RunSummary replaced = run_suite(suite(), overwrite);
  EXPECT_EQ(replaced.ok, 7);
  EXPECT_EQ(replaced.from_cache, 6) << "embeddings already made are used again";
}

TEST_F(Run, ADataSetThatMovedMayGoOn) {
  run_suite(suite(), options("run"));
  const std::string before = bytes_of(dir_ / "run");
  fs::rename(dir_ / "data", dir_ / "moved");
  const RunSummary again = run_suite(suite({"dataset.path=" + dir_ / "moved"}), options("run"));
  EXPECT_EQ(again.from_cache, 6);
  EXPECT_EQ(bytes_of(dir_ / "run"), before);
}

TEST_F(Run, ARefusedRequestLeavesNothingBehind) {
  EXPECT_THROW(run_suite(suite({"encoders.0.taps=[v9]"}), options("run")), Error);
  EXPECT_THROW(run_suite(suite({"dataset.path=/nonexistent"}), options("run")), Error);
  EXPECT_FALSE(fs::exists(dir_ / "run"));
}

TEST_F(Run, LeftoversOfKilledProcessesAreCleared) {
  run_suite(suite(), options("run"));
  const std::string before = bytes_of(dir_ / "run");
  // Names as temporary_sibling makes them, of a process that cannot exist (pid_max is below).
  const std::string folder = fs::directory_iterator(dir_ / "run/media")->path().string();
  for (const std::string& path : {dir_ / "run/items.jsonl", folder + "/x.jpg"})
    write_file_atomic(path + ".tmp-99999999-1", "half");
  // A report whose writer was killed leaves a folder of pages.
  create_directories(dir_ / "run/report_data.tmp-99999999-0/0");
  write_file_atomic(dir_ / "run/report_data.tmp-99999999-0/0/page.js", "half");
  run_suite(suite(), options("run"));
  EXPECT_EQ(bytes_of(dir_ / "run"), before);
  EXPECT_FALSE(fs::exists(dir_ / "run/items.jsonl.tmp-99999999-1"));
  EXPECT_FALSE(fs::exists(dir_ / "run/report_data.tmp-99999999-0"));
}

TEST_F(RunSlow, ShardsMergeToTheBytesOfTheWhole) {
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

TEST_F(Run, MergeRefusesWhatDoesNotBelongTogether) {
  // Of three shards these six ids fall into two.
  for (int64_t i = 0; i < 3; ++i) {
    RunOptions shard = options("sharded");
    shard.shard = Shard{i, 3};
    run_suite(suite(), shard);
  }
  const std::string first = dir_ / "sharded/shard-0001-of-0003";
  const std::string second = dir_ / "sharded/shard-0002-of-0003";
  EXPECT_EQ(kind_of([&] { merge_runs({first}, dir_ / "m"); }), ErrorKind::kInput) << "missing";
  EXPECT_EQ(kind_of([&] {
              merge_runs({first, second, second}, dir_ / "m");
            }),
            ErrorKind::kInput)
      << "doubled";
  EXPECT_EQ(kind_of([&] {
              merge_runs({first, second}, first);
            }),
            ErrorKind::kUsage)
      << "the output is a shard";
  RunOptions other = options("other");
  other.shard = Shard{2, 3};
  run_suite(suite({"memory.k=2"}), other);
  EXPECT_EQ(kind_of([&] {
              merge_runs({first, dir_ / "other/shard-0002-of-0003"}, dir_ / "m");
            }),
            ErrorKind::kIncompatible)
      << "another configuration";
  std::string run_json = read_file(second + "/run.json");
  const std::string producer = "\"producer\": \"physprobe ";
  run_json.insert(run_json.find(producer) + producer.size(), "9");
  write_file_atomic(second + "/run.json", run_json);
  EXPECT_EQ(kind_of([&] {
              merge_runs({first, second}, dir_ / "m");
            }),
            ErrorKind::kIncompatible)
      << "another version";
  fs::remove(second + "/COMPLETE");
  EXPECT_EQ(kind_of([&] {
              merge_runs({first, second}, dir_ / "m");
            }),
            ErrorKind::kInput)
      << "unfinished";
  EXPECT_FALSE(fs::exists(dir_ / "m"));
}

TEST_F(Run, ARunOfANewerSchemaIsIncompatible) {
  fs::create_directories(dir_ / "run");
  write_file_atomic(dir_ / "run/run.json", R"({"schema": 2, "producer": "physprobe 9.0.0"})");
  EXPECT_EQ(kind_of([&] { run_suite(suite(), options("run")); }), ErrorKind::kIncompatible);
}

TEST_F(Run, DryRunOfAnEmptyShardExpectsNothing) {
  RunOptions dry = options("dry");
  dry.shard = Shard{0, 1000};
  ASSERT_FALSE(holds_item(dry.shard));
  const RunEstimate estimate = estimate_run(suite(), dry);
  EXPECT_EQ(estimate.items, 0);
  EXPECT_EQ(estimate.seconds_total, 0.0);
}

TEST_F(Run, DryRunWarnsOfUnreadableItemsAndMeasuresOthers) {
  write_file_atomic(dir_ / "data/a-broken.mp4", "text");
  const RunEstimate estimate = estimate_run(suite(), options("dry/deep"));
  EXPECT_EQ(estimate.measured_items, 3);
  ASSERT_EQ(estimate.warnings.size(), 1U);
  EXPECT_FALSE(fs::exists(dir_ / "dry")) << "not even the folder above";
}

TEST_F(Run, DryRunMeasuresAndKeepsNothing) {
  const RunEstimate estimate = estimate_run(suite(), options("dry"));
  EXPECT_EQ(estimate.items, 6);
  EXPECT_GE(estimate.measured_items, 2);
  EXPECT_GT(estimate.seconds_total, 0.0);
  EXPECT_GT(estimate.disk_bytes, 0.0);
  EXPECT_FALSE(fs::exists(dir_ / "dry"));
}

TEST_F(Run, WhatIsNoVideoFileIsLeftOutAndNoted) {
  ASSERT_EQ(mkfifo((dir_ / "data/pipe.mp4").c_str(), 0600), 0);
  const std::string sentence = "'pipe.mp4' was left out: it is a named pipe, not a video file.";
  const auto notes_of = [](const std::string& directory) {
    return nlohmann::json::parse(read_file(directory + "/results.json"))["notes"].dump();
  };
  EXPECT_EQ(run_suite(suite(), options("run")).ok, 6);
  EXPECT_NE(notes_of(dir_ / "run").find(sentence), std::string::npos) << notes_of(dir_ / "run");
  for (const int64_t index : {0, 1}) {
    RunOptions part = options("parts");
    part.shard = Shard{index, 2};
    run_suite(suite(), part);
  }
  merge_runs({dir_ / "parts"}, dir_ / "merged");
  EXPECT_EQ(bytes_of(dir_ / "merged"), bytes_of(dir_ / "run"));
}

TEST_F(Run, DeviceReachesOnlyThoseWhoKnowIt) {
  RunOptions on_cpu = options("run");
  on_cpu.device = "cpu";
  EXPECT_EQ(run_suite(suite(), on_cpu).ok, 6);
  RunOptions elsewhere = options("other");
  elsewhere.device = "cuda:3";
  EXPECT_EQ(kind_of([&] { run_suite(suite(), elsewhere); }), ErrorKind::kUsage);
}

TEST_F(Run, NarratesEveryItem) {
  RunOptions told = options("run");
  std::vector<std::string> sentences;
  told.narrate = [&](const std::string& text) { sentences.push_back(text); };
  write_file_atomic(dir_ / "data/broken.mp4", "this is text, not a video");
  run_suite(suite(), told);
  const auto has = [&](const std::string& begin) {
    return std::any_of(sentences.begin(), sentences.end(),
                       [&](const std::string& text) { return text.rfind(begin, 0) == 0; });
  };
  EXPECT_TRUE(has("item-0: embedded") && has("broken: failed: ") && has("6 items are durable"));
}

TEST_F(RunSlow, DryRunOfARenderedWorldDrawsOnlyWhatItMeasures) {
  // A world of a hundred thousand clips would take days to draw.
  const std::vector<std::string> world = {"dataset.path=''", "dataset.world=moving_objects",
                                          "dataset.clips=100000"};
  const RunEstimate whole = estimate_run(suite(world), options("dry"));
  EXPECT_EQ(whole.items, 200000);
  EXPECT_EQ(whole.measured_items, 3);
  EXPECT_FALSE(fs::exists(dir_ / "dry"));
  int64_t items = 0;
  for (const int64_t index : {0, 1, 2}) {
    RunOptions dry = options("dry");
    dry.shard = Shard{index, 3};
    items += estimate_run(suite(world), dry).items;
  }
  EXPECT_EQ(items, 200000);
  const std::vector<std::string> limited = {world[0], world[1], world[2], "dataset.limit=7"};
  EXPECT_EQ(estimate_run(suite(limited), options("dry")).items, 7);
}

TEST_F(RunSlow, AnyNumberOfThreadsAndAnyBatchGiveTheSameBytes) {
  run_suite(suite(), options("whole"));
  const std::string expected = bytes_of(dir_ / "whole");
  struct Case {
    int threads;
    int64_t batch;
    int64_t flush;
  };
  for (const Case& one :
       {Case{1, 1, 1}, Case{1, 8, 16}, Case{2, 3, 2}, Case{7, 1, 5}, Case{7, 8, 3}}) {
    const std::string name = fmt::format("t{}-b{}-f{}", one.threads, one.batch, one.flush);
    RunOptions other = options(name);
    other.threads = one.threads;
    other.chunk_frames = one.batch;
    other.flush_items = one.flush;
    run_suite(suite(), other);
    EXPECT_EQ(bytes_of(dir_ / name), expected) << name;
  }
}

TEST_F(RunSlow, AShardWithoutItemsFinishesAndMerges) {
  run_suite(suite(), options("whole"));
  for (int64_t i = 0; i < 40; ++i) {  // six items: most of these shards are empty
    RunOptions shard = options("sharded");
    shard.shard = Shard{i, 40};
    if (i > 0 && i < 39 && !holds_item(shard.shard) && i != 20) continue;
    run_suite(suite(), shard);
  }
  EXPECT_EQ(kind_of([&] { merge_runs({dir_ / "sharded"}, dir_ / "merged"); }), std::nullopt);
  EXPECT_EQ(bytes_of(dir_ / "merged"), bytes_of(dir_ / "whole"));
}

TEST_F(RunSlow, ShardsThatShareACacheMergeAsWell) {
  run_suite(suite(), options("whole"));
  for (int64_t i = 0; i < 2; ++i) {
    RunOptions shard = options("sharded");
    shard.shard = Shard{i, 2};
    shard.cache = dir_ / "cache";
    run_suite(suite(), shard);
  }
  merge_runs({dir_ / "sharded"}, dir_ / "merged");
  EXPECT_EQ(bytes_of(dir_ / "merged"), bytes_of(dir_ / "whole"));
}

}  // namespace
}  // namespace physprobe
