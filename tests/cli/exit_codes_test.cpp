// The exit codes of every subcommand (docs/cli.md has the table).

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"
#include "support/small_items.h"
#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "cli/cli_runner.h"

namespace physprobe {
namespace {

using testing::run_cli;
using testing::words;

/// One small finished run, made once: most commands look at it.
class ExitCodes : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = new testing::TempDir;
    testing::write_small_items(*dir_ / "data", 3, 4);
    write_file_atomic(*dir_ / "suite.yaml", testing::small_suite(*dir_ / "data"));
    finished_ = run_cli({"run", *dir_ / "suite.yaml", "--out", *dir_ / "run", "-q"}).code;
  }
  static void TearDownTestSuite() {
    delete dir_;
    dir_ = nullptr;
  }

  static std::string at(const std::string& name) { return *dir_ / name; }
  static std::string suite() { return at("suite.yaml"); }

  /// Runs the words and says what was printed when the code is another.
  static ::testing::AssertionResult ends_with(int expected,
                                              const std::vector<std::string>& arguments) {
    const testing::CliOutcome outcome = run_cli(arguments);
    if (outcome.code == expected) return ::testing::AssertionSuccess();
    std::string line;
    for (const std::string& word : arguments) line += " " + word;
    return ::testing::AssertionFailure() << "physprobe" << line << " ended with " << outcome.code
                                         << ", expected " << expected << "\n"
                                         << outcome.err;
  }

  static testing::TempDir* dir_;
  static int finished_;
};

testing::TempDir* ExitCodes::dir_ = nullptr;
int ExitCodes::finished_ = -1;

TEST_F(ExitCodes, UnknownFlagsAndMissingArgumentsEndWith2Everywhere) {
  for (const std::string& command : subcommand_names()) {
    std::vector<std::string> arguments = words(command);
    arguments.emplace_back("--no-such-flag");
    const testing::CliOutcome outcome = run_cli(arguments);
    EXPECT_EQ(outcome.code, 2) << command;
    EXPECT_NE(outcome.err.find("'--no-such-flag' is no flag of physprobe " + command),
              std::string::npos)
        << outcome.err;
  }
}

TEST_F(ExitCodes, PathsThatDoNotExistEndWith3Everywhere) {
  const std::string gone = at("gone");
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"run", gone, "--out", at("x")},
           {"run", suite(), "--out", at("x"), "--set", "dataset.path=" + gone},
           {"run", suite(), "--out", at("x"), "--dry-run", "--set", "dataset.path=" + gone},
           {"embed", gone, "--store", at("x")},
           {"memory", "build", gone, "--index", at("x")},
           {"memory", "search", gone, "--id", "a"},
           {"probe", "straightening", "--trajectories", gone},
           {"report", gone},
           {"merge", gone, "--out", at("x")},
           {"validate", "straightening", gone},
           {"validate", "dataset", gone},
           {"verify", gone},
           {"inspect", gone},
           {"inspect", "weights", gone},
           {"convert", gone, at("x.safetensors")},
           {"parity", "--encoder", gone, "--case", gone},
           {"config", "show", gone}}) {
    EXPECT_TRUE(ends_with(3, arguments));
  }
  EXPECT_FALSE(std::filesystem::exists(at("x"))) << "a refused command leaves nothing behind";
}

TEST_F(ExitCodes, WhatSucceedsEndsWith0) {
  ASSERT_EQ(finished_, 0);
  const at::Tensor walk = at::sin(at::arange(27, at::kFloat)).reshape({9, 3});
  write_safetensors(at("walk.safetensors"), {{"walk", walk}});
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"run", suite(), "--out", at("dry"), "--dry-run", "-q"},
           {"embed", suite(), "--store", at("store"), "-q"},
           {"memory", "build", at("run/store"), "--index", at("index"), "--space", ""},
           {"probe", "straightening", "--trajectories", at("walk.safetensors")},
           {"worlds", "render", "--out", at("world"), "--clips", "1", "-q"},
           {"worlds", "describe"},
           {"report", at("run")},
           {"validate", "dataset", at("data")},
           {"verify", at("run")},
           {"inspect", at("run")},
           {"list"},
           {"weights", "list"},
           {"inspect", "weights", at("walk.safetensors")},
           {"convert", at("walk.safetensors"), at("walked.safetensors")},
           {"config", "show", suite()},
           {"doctor"},
           {"version"}}) {
    if (arguments[0] == "memory") continue;  // needs one space; arrays_and_stores_test has it
    EXPECT_TRUE(ends_with(0, arguments));
  }
}

TEST_F(ExitCodes, ConversionNeverReplacesAFileUnasked) {
  write_safetensors(at("a.safetensors"), {{"a", at::ones({2})}});
  write_safetensors(at("b.safetensors"), {{"b", at::ones({2})}});
  const std::string before = read_file(at("b.safetensors"));
  EXPECT_TRUE(ends_with(2, {"convert", at("a.safetensors"), at("b.safetensors")}));
  EXPECT_EQ(read_file(at("b.safetensors")), before);
  EXPECT_TRUE(ends_with(2, {"convert", at("a.safetensors"), at("c.pth")}));
  EXPECT_TRUE(ends_with(0, {"convert", at("a.safetensors"), at("b.safetensors"), "--overwrite"}));
}

TEST_F(ExitCodes, ParityThatDoesNotHoldEndsWith7) {
  const std::string weights = testing::golden_path("encoders/clip.hf.safetensors");
  const auto io = read_safetensors(testing::golden_path("encoders/clip.io.safetensors"));
  const at::Tensor input = io.at("input");
  write_safetensors(at("good.safetensors"),
                    {{"input", input}, {"pooled", io.at("image_features")}});
  write_safetensors(at("bad.safetensors"), {{"input", input}, {"pooled", at::zeros({2, 20})}});
  EXPECT_TRUE(ends_with(0, {"parity", "--encoder", weights, "--case", at("good.safetensors")}));
  EXPECT_TRUE(ends_with(7, {"parity", "--encoder", weights, "--case", at("bad.safetensors")}));
  EXPECT_TRUE(ends_with(
      6, {"parity", "--encoder", weights, "--family", "dinov2", "--case", at("good.safetensors")}));
}

TEST_F(ExitCodes, UnknownNamesEndWith2) {
  EXPECT_TRUE(ends_with(2, {"run", suite(), "--out", at("x"), "--set", "sampling.scheme=al"}));
  EXPECT_TRUE(ends_with(2, {"run", suite(), "--out", at("x"), "--set", "samplin.n=3"}));
  EXPECT_TRUE(ends_with(2, {"run", suite(), "--out", at("x"), "--shard", "3/3"}));
  EXPECT_TRUE(ends_with(2, {"run", suite(), "--out", at("x"), "--set", "encoders.0.taps=[v2]"}));
  EXPECT_TRUE(ends_with(2, {"worlds", "render", "moving_object", "--out", at("x")}));
  EXPECT_TRUE(ends_with(2, {"bench", "--only", "gem"}));
  EXPECT_TRUE(ends_with(2, {"merge", at("run"), "--out", at("run")}));
  EXPECT_FALSE(std::filesystem::exists(at("x")));
}

TEST_F(ExitCodes, AnotherRunInTheDirectoryEndsWith2AndIsNotTouched) {
  const std::string before = read_file(at("run/results.json"));
  EXPECT_TRUE(ends_with(2, {"run", suite(), "--out", at("run"), "--set", "memory.k=2"}));
  testing::write_small_items(at("other"), 3, 5);
  EXPECT_TRUE(
      ends_with(2, {"run", suite(), "--out", at("run"), "--set", "dataset.path=" + at("other")}));
  EXPECT_EQ(read_file(at("run/results.json")), before);
  EXPECT_TRUE(std::filesystem::exists(at("run/COMPLETE")));
}

TEST_F(ExitCodes, CompareOfSuites) {
  EXPECT_TRUE(ends_with(0, {"compare", at("run"), at("run")}));
  EXPECT_TRUE(ends_with(0, {"compare", at("run"), at("run"), "--json"}));
  EXPECT_TRUE(ends_with(2, {"compare", at("run")}));
  EXPECT_TRUE(ends_with(2, {"compare", at("run"), at("run"), "--fail-if", "score_drop>1"}));
  EXPECT_TRUE(ends_with(3, {"compare", at("run"), at("nowhere")}));
  write_file_atomic(at("pairs.json"), R"({"protocol": "pairs/mvp-1"})");
  EXPECT_TRUE(ends_with(6, {"compare", at("run"), at("pairs.json")}));
}

TEST_F(ExitCodes, FailedItemsEndWith4) {
  testing::write_small_items(at("mixed"), 2, 4);
  write_file_atomic(at("mixed/text.mp4"), "no video");
  const std::string data = "dataset.path=" + at("mixed");
  EXPECT_TRUE(ends_with(4, {"run", suite(), "--out", at("mixed-run"), "--set", data, "-q"}));
  EXPECT_TRUE(ends_with(4, {"embed", suite(), "--store", at("mixed-store"), "--set", data, "-q"}));
  EXPECT_TRUE(ends_with(4, {"run", suite(), "--out", at("shards"), "--set", data, "-q", "--shard",
                            "0/1", "--no-report"}))
      << "one shard is the whole";
}

TEST_F(ExitCodes, UnwritableOutputAndAHeldLockEndWith5) {
  write_file_atomic(at("file"), "in the way");
  EXPECT_TRUE(ends_with(5, {"run", suite(), "--out", at("file/run"), "-q"}));
  EXPECT_TRUE(ends_with(5, {"embed", suite(), "--store", at("file/store"), "-q"}));
  EXPECT_TRUE(ends_with(5, {"worlds", "render", "--out", at("file/world"), "--clips", "1"}));
  std::filesystem::create_directories(at("held"));
  const DirectoryLock lock(at("held"));
  EXPECT_TRUE(ends_with(5, {"run", suite(), "--out", at("held"), "-q"}));
  EXPECT_TRUE(ends_with(5, {"embed", suite(), "--store", at("held"), "-q"}));
}

TEST_F(ExitCodes, AnotherSchemaAndForeignWeightsEndWith6) {
  std::filesystem::create_directories(at("newer"));
  write_file_atomic(at("newer/run.json"), R"({"schema": 2, "producer": "physprobe 9"})");
  const testing::CliOutcome newer = run_cli({"run", suite(), "--out", at("newer"), "-q"});
  EXPECT_EQ(newer.code, 6) << newer.err;
  EXPECT_NE(newer.err.find("physprobe 9"), std::string::npos) << newer.err;
  write_safetensors(at("foreign.safetensors"), {{"conv1.weight", at::ones({2, 2})}});
  EXPECT_TRUE(
      ends_with(6, {"run", suite(), "--out", at("x"), "--set",
                    "encoders.1={family: dinov2, weights: " + at("foreign.safetensors") + "}"}));
}

TEST_F(ExitCodes, ChecksThatDoNotHoldEndWith7) {
  write_file_atomic(at("manifest.csv"), "id,path\na,missing.mp4\n");
  EXPECT_TRUE(ends_with(7, {"validate", "dataset", at("manifest.csv")}));
  std::filesystem::copy(at("run"), at("tampered"), std::filesystem::copy_options::recursive);
  write_file_atomic(at("tampered/results.json"), read_file(at("run/results.json")) + " ");
  EXPECT_TRUE(ends_with(7, {"verify", at("tampered")}));
}

}  // namespace
}  // namespace physprobe
