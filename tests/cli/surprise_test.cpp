// `probe surprise` and `doctor surprise` with a predictor running, in process: exit codes,
// documents, files, resuming.

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"
#include "support/small_items.h"
#include "support/temp_dir.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

#include "cli_runner.h"
#include "surprise_data.h"

namespace physprobe {
namespace {

using testing::run_cli;

class SurpriseCommand : public ::testing::Test {
 protected:
  void SetUp() override { testing::write_surprise_data(dir_.path()); }

  std::vector<std::string> command(const std::vector<std::string>& more) const {
    return testing::surprise_command(dir_.path(), more);
  }

  testing::TempDir dir_;
};

TEST_F(SurpriseCommand, FramesGiveContextsByWindowsWithTheProtocol) {
  const at::Tensor frames = at::randint(0, 256, {11, 32, 32, 3}, at::kByte);
  write_safetensors(dir_ / "frames.safetensors",
                    {{"clip", frames}, {"two", at::stack({frames, frames})}});
  const auto one = run_cli(command({"--frames", dir_ / "frames.safetensors:clip", "--json"}));
  ASSERT_EQ(one.code, 0) << one.err;
  const auto json = nlohmann::json::parse(one.out);
  EXPECT_EQ(json.at("protocol"), "voe/jepa-2025");
  EXPECT_EQ(json.at("settings").at("window"), 8);
  EXPECT_EQ(json.at("settings").at("stride"), 2);
  ASSERT_EQ(json.at("surprise").size(), 2U);
  EXPECT_EQ(json.at("surprise")[0].size(), 2U) << "(11 - 8) / 2 + 1 windows";
  EXPECT_TRUE(json.at("nulls").contains("zero prediction"));
  const auto two = nlohmann::json::parse(
      run_cli(command({"--frames", dir_ / "frames.safetensors:two", "--json"})).out);
  EXPECT_EQ(two.at("surprise")[0], json.at("surprise"));
  EXPECT_EQ(two.at("surprise")[1], json.at("surprise"));
}

TEST_F(SurpriseCommand, WhatCannotBeScoredIsRefusedBeforeAnyVideoIsLookedAt) {
  const std::vector<std::string> whole =
      command({"--dataset", dir_ / "data", "--out", dir_ / "run", "--overwrite"});
  ASSERT_EQ(run_cli(whole).code, 0);
  const std::string results = read_file(dir_ / "run/results.json");
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--fixed-context", "3"}, "--fixed-context: 3 is none of the contexts: 2 4"},
      {{"--benchmark", "intfys"}, "did you mean 'intphys'"},
      {{"--level", "2"}, "statistics.level: is 2"},
      {{"--resamples", "0"}, "statistics.resamples: is 0"},
      {{"--manifest", "m.csv"}, "--manifest: goes with --arrays"},
      {{"--set", "sampling.n=4"}, "--set sampling.n=4: expected a field of dataset or video"}};
  for (const auto& [more, expected] : cases) {
    std::vector<std::string> arguments = whole;
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto outcome = run_cli(arguments);
    EXPECT_EQ(outcome.code, 2) << expected;
    EXPECT_NE(outcome.err.find(expected), std::string::npos) << outcome.err;
    EXPECT_EQ(read_file(dir_ / "run/results.json"), results) << "nothing is lost: " << expected;
  }
  const auto column = run_cli(command({"--dataset", dir_ / "data", "--by", "tusk"}));
  EXPECT_EQ(column.code, 2);
  EXPECT_NE(column.err.find("--by: 'tusk' is no column of"), std::string::npos) << column.err;
  EXPECT_NE(column.err.find("did you mean 'task'"), std::string::npos) << column.err;
}

TEST_F(SurpriseCommand, ProblemsOfAPairAreSaidOnce) {
  write_file_atomic(dir_ / "data/manifest.csv",
                    "id,path,label,pair\nv0,v0,possible,p0\nv1,v1,possible,p0\n");
  const auto outcome =
      run_cli(command({"--dataset", dir_ / "data", "--nulls", "zero,copy", "--out", dir_ / "run"}));
  EXPECT_EQ(outcome.code, 4) << outcome.err;
  EXPECT_NE(outcome.err.find("label contradiction: 1\n"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.out.find("no pair could be scored"), std::string::npos) << outcome.out;
  EXPECT_TRUE(nlohmann::json::parse(read_file(dir_ / "run/results.json")).at("scores").empty());
  EXPECT_NE(read_file(dir_ / "run/report.html").find("No pair could be scored."),
            std::string::npos);
}

TEST_F(SurpriseCommand, DataSetsAreScoredAndContinued) {
  const std::vector<std::string> whole =
      command({"--dataset", dir_ / "data", "--out", dir_ / "run"});
  const auto first = run_cli(whole);
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_NE(first.out.find("null: nearest case"), std::string::npos) << first.out;
  const std::string results = read_file(dir_ / "run/results.json");
  const std::string pairs = read_file(dir_ / "run/pairs.jsonl");
  EXPECT_EQ(run_cli({"verify", dir_ / "run"}).code, 0);
  std::vector<std::string> other = whole;
  other.insert(other.end(), {"--limit", "2"});
  EXPECT_EQ(run_cli(other).code, 2) << "results are never written over unasked";
  EXPECT_EQ(run_cli(whole).code, 0) << "the same command finds everything in the store";
  EXPECT_EQ(read_file(dir_ / "run/results.json"), results);
  const std::string page = read_file(dir_ / "run/report.html");
  for (const char* text : {"Pair by pair", "<th scope=\"col\">impossible</th>", "data:image/jpeg"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
  // What a killed run leaves: a store of some videos and no results.
  for (const char* file : {"results.json", "COMPLETE", "items.jsonl"})
    std::filesystem::remove(dir_ / (std::string("run/") + file));
  EXPECT_EQ(run_cli(whole).code, 0);
  EXPECT_EQ(read_file(dir_ / "run/results.json"), results);
  EXPECT_EQ(read_file(dir_ / "run/pairs.jsonl"), pairs);
}

TEST_F(SurpriseCommand, APredictorOfPixelsStandsAmongTheNulls) {
  write_file_atomic(dir_ / "small.yaml", "family: pixels\npreprocess: {height: 16, width: 16}\n");
  const auto scored = run_cli(command(
      {"--dataset", dir_ / "data", "--nulls", "none", "--pixel-predictor", dir_ / "small.yaml"}));
  ASSERT_EQ(scored.code, 0) << scored.err;
  EXPECT_NE(scored.out.find("null: pixel predictor pixel-copy"), std::string::npos) << scored.out;
  EXPECT_EQ(run_cli(command({"--dataset", dir_ / "data", "--pixel-predictor", "v1"})).code, 2);
}

TEST_F(SurpriseCommand, WithoutLabelsTheCurvesAreKept) {
  testing::write_small_item(dir_ / "plain/a", 1, 11);
  const auto curves =
      run_cli(command({"--json", "--dataset", dir_ / "plain", "--out", dir_ / "c"}));
  ASSERT_EQ(curves.code, 0) << curves.err;
  EXPECT_NE(curves.out.find("\"timeline\""), std::string::npos) << curves.out;
  EXPECT_EQ(read_file(dir_ / "c/curves.json"), curves.out);
}

TEST_F(SurpriseCommand, AVideoThatFailsIsNamedAndTheOthersFinish) {
  testing::write_small_item(dir_ / "data/short", 9, 5);
  testing::write_small_item(dir_ / "data/partner", 10, 11);
  write_file_atomic(dir_ / "data/manifest.csv",
                    read_file(dir_ / "data/manifest.csv") +
                        "short,short,possible,p9,drift\npartner,partner,impossible,p9,drift\n");
  const auto outcome = run_cli(command({"--dataset", dir_ / "data", "--json"}));
  EXPECT_EQ(outcome.code, 4);
  EXPECT_NE(outcome.err.find("is 5 frames long"), std::string::npos) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json.at("models")[0].at("properties").at("drift").at("n_pairs"), 2);
}

TEST_F(SurpriseCommand, RequestsThatSayTooLittleOrTooMuchAreRefused) {
  EXPECT_EQ(run_cli({"probe", "surprise"}).code, 2);
  EXPECT_EQ(run_cli(command({})).code, 2) << "no videos";
  EXPECT_EQ(run_cli(command({"--dataset", dir_ / "data", "--frames", "x.npy"})).code, 2);
  EXPECT_EQ(run_cli(command({"--dataset", dir_ / "data", "--nulls", "nearst"})).code, 2);
  EXPECT_EQ(run_cli(command({"--dataset", dir_ / "nowhere"})).code, 3);
  EXPECT_EQ(run_cli({"probe", "surprise", "--encoder", "v1", "--dataset", dir_ / "data"}).code, 2)
      << "v1 predicts nothing";
}

TEST_F(SurpriseCommand, TheDoctorPassesAndFails) {
  std::vector<std::string> doctor = {"doctor",    "surprise", "--encoder", dir_ / "model.yaml",
                                     "--context", "2,4",      "--dataset", dir_ / "data"};
  std::vector<std::string> sound = doctor;
  sound.insert(sound.end(), {"--window", "8"});
  const auto passed = run_cli(sound);
  EXPECT_EQ(passed.code, 0) << passed.out;
  EXPECT_EQ(passed.out.find("FAIL"), std::string::npos) << passed.out;
  doctor.insert(doctor.end(), {"--window", "12"});
  const auto failed = run_cli(doctor);
  EXPECT_EQ(failed.code, 7);
  EXPECT_NE(failed.out.find("FAIL     windows"), std::string::npos) << failed.out;
}

TEST_F(SurpriseCommand, ScoresWithoutAPairAreRefused) {
  write_file_atomic(dir_ / "scores.csv", "id,label,score\np_1,possible,1\nq_1,impossible,2\n");
  const auto outcome = run_cli({"score", "pairs", dir_ / "scores.csv"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("holds no pair that can be scored"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace physprobe
