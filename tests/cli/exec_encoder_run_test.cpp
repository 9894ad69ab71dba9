// Whole commands with a model served by another process: what holds for built-in encoders holds for
// it.

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/safetensors.h"

#include "support/small_items.h"
#include "support/source_dir.h"
#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "cli/cli_runner.h"

namespace physprobe {
namespace {

using nlohmann::json;
using testing::CliOutcome;
using testing::run_cli;

/// One line of items.jsonl or failures.jsonl each.
std::vector<json> lines_of(const std::string& path) {
  std::vector<json> lines;
  std::istringstream in(read_file(path));
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

/// A Python with NumPy, "" if this machine has none.
std::string python_with_numpy() {
  for (const char* python : {"python3", "/usr/bin/python3"}) {
    const std::string probe = std::string(python) + " -c 'import numpy' >/dev/null 2>&1";
    if (std::system(probe.c_str()) == 0) return python;
  }
  return "";
}

class ExecEncoderRun : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_small_items(dir_ / "data", 4, 5);
    write_file_atomic(dir_ / "suite.yaml",
                      "name: test\nsampling: {scheme: all}\nencoders: [v1]\n"
                      "statistics: {resamples: 99}\nreport: {clips: false, strip_frames: 4}\n"
                      "dataset: {path: \"" +
                          (dir_ / "data") + "\"}\n");
  }

  static std::string child(const std::string& mode) {
    return std::string("exec:") + PHYSPROBE_EXEC_CHILD + " " + mode;
  }

  CliOutcome run(const std::string& out, std::vector<std::string> more) const {
    std::vector<std::string> arguments = {
        "run", dir_ / "suite.yaml", "--out", dir_ / out, "--progress", "none", "--no-report"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_cli(arguments);
  }

  testing::TempDir dir_;
};

/// Every number that does not depend on the cache key (which seeds the shuffled null).
json comparable(json tap) {
  tap.erase("shuffled_mean_curvature_deg");
  tap.erase("untrained_mean_curvature_deg");
  return tap;
}

class ExecEncoderRunSlow : public ExecEncoderRun {};

TEST_F(ExecEncoderRun, EqualsTheBuiltInEncoderOfTheSameNumbers) {
  write_file_atomic(dir_ / "pixels.yaml",
                    "family: pixels\npreprocess: {resize: squash, height: 40, width: 28, filter: "
                    "bicubic, arithmetic: float_antialias}\n");
  const CliOutcome outcome =
      run("both", {"--encoder", dir_ / "pixels.yaml", "--encoder", child("ok")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto items = lines_of(dir_ / "both/items.jsonl");
  ASSERT_EQ(items.size(), 4U);
  for (const json& item : items) {
    json built_in;
    json served;
    for (const auto& [id, encoder] : item["encoders"].items())
      (id.rfind("pixels", 0) == 0 ? built_in : served) = encoder["taps"];
    EXPECT_EQ(comparable(built_in["pixel"]), comparable(served["pixel"]));
    // The served frame is the pixel tap again; its GeoPhys vector is the frame, not a thumbnail.
    json frame = comparable(served["frame"]);
    json pixel = comparable(built_in["pixel"]);
    frame.erase("geophys");
    pixel.erase("geophys");
    EXPECT_EQ(frame, pixel);
    EXPECT_EQ(pixel["curvature_deg"].size(), 3U);
    EXPECT_TRUE(served["frame"]["untrained_mean_curvature_deg"].is_number());
  }
}

TEST_F(ExecEncoderRun, AModelOfSeveralFramesSeesTheWholeClipAndIsProbedStepByStep) {
  // The child answers the first frame of every pair: what a built-in encoder sees of every second
  // frame.
  testing::write_small_items(dir_ / "even", 2, 10);
  for (const char* item : {"item-0/", "item-1/"}) {
    std::filesystem::create_directories((dir_ / "halved/") + item);
    for (int frame = 0; frame < 10; frame += 2) {
      const std::string name = std::string(item) + "000" + std::to_string(frame) + ".png";
      std::filesystem::copy_file((dir_ / "even/") + name, (dir_ / "halved/") + name);
    }
  }
  const auto taps_of = [&](const std::string& out, const std::string& data,
                           const std::string& mode) {
    const CliOutcome outcome =
        run(out, {"--encoder", child(mode), "--set", "dataset.path=" + (dir_ / data)});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::vector<json> taps;
    for (const json& item : lines_of(dir_ / (out + "/items.jsonl"))) {
      taps.push_back(item["encoders"].begin().value());
    }
    return taps;
  };
  const auto pairs = taps_of("pairs", "even", "pairs");
  const auto singles = taps_of("singles", "halved", "ok");
  ASSERT_EQ(pairs.size(), 2U);
  ASSERT_EQ(singles.size(), 2U);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    EXPECT_EQ(pairs[i]["frames_per_step"], 2);
    EXPECT_FALSE(singles[i].contains("frames_per_step"));
    const json frame = pairs[i]["taps"]["frame"];
    EXPECT_EQ(frame["curvature_deg"].size(), 3U);
    EXPECT_EQ(frame["curvature_deg"], singles[i]["taps"]["frame"]["curvature_deg"]);
    EXPECT_EQ(frame["geophys"], singles[i]["taps"]["frame"]["geophys"]);
    EXPECT_EQ(pairs[i]["taps"]["pixel"]["curvature_deg"].size(), 3U);
    EXPECT_TRUE(frame["fade_mean_curvature_deg"].is_number());
  }
  const CliOutcome odd = run("odd", {"--encoder", child("pairs")});
  EXPECT_EQ(odd.code, 4) << odd.err;
  const std::string message = lines_of(dir_ / "odd/failures.jsonl").at(0)["message"];
  EXPECT_NE(message.find("is sampled at 5 frames, but exec-child-1 sees 2 at a time"),
            std::string::npos)
      << message;
}

TEST_F(ExecEncoderRun, AnUnusableAnswerFailsTheItemAndNamesIt) {
  const CliOutcome outcome = run("nan", {"--encoder", child("nan")});
  EXPECT_EQ(outcome.code, 4) << outcome.err;
  const auto failures = lines_of(dir_ / "nan/failures.jsonl");
  ASSERT_EQ(failures.size(), 4U);
  EXPECT_EQ(failures[2]["id"], "item-2");
  const std::string message = failures[2]["message"];
  EXPECT_EQ(message.rfind("item-2: exec-child-1: the model answered", 0), 0U) << message;
}

TEST_F(ExecEncoderRun, OneCrashIsOneFailedItem) {
  // The child ends at its second request: the second chunk of two frames of the first item, and
  // after a new start likewise of every further item.
  const CliOutcome crashed =
      run("crash", {"--encoder", child("crash_second"), "--set", "nulls.untrained=false"});
  EXPECT_EQ(crashed.code, 4) << crashed.err;
  const auto failures = lines_of(dir_ / "crash/failures.jsonl");
  ASSERT_FALSE(failures.empty());
  const std::string message = failures[0]["message"];
  EXPECT_NE(message.find("item-0: exec-child-1: the process"), std::string::npos) << message;
  EXPECT_NE(message.find("signal 6"), std::string::npos) << message;
  EXPECT_NE(message.find("\n  | about to crash"), std::string::npos) << message;
}

TEST_F(ExecEncoderRun, ACrashAtEveryItemEndsTheRunAndKeepsItResumable) {
  const CliOutcome outcome = run("hopeless", {"--encoder", child("crash")});
  EXPECT_EQ(outcome.code, 5);
  EXPECT_NE(outcome.err.find("item-2: exec-child-1: "), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("3 failures in a row"), std::string::npos) << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(dir_ / "hopeless/COMPLETE"));
}

TEST_F(ExecEncoderRunSlow, CacheKnowsCommandAndVersion) {
  const auto embed = [&](const std::string& encoder, const std::string& set = "name=x") {
    const CliOutcome outcome =
        run_cli({"embed", dir_ / "suite.yaml", "--store", dir_ / "store", "--encoder", encoder,
                 "--set", set, "--progress", "none", "--json"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.code == 0 ? json::parse(outcome.out)["embedded"].get<int>() : -1;
  };
  EXPECT_EQ(embed(child("ok")), 4);
  EXPECT_EQ(embed(child("ok")), 0);
  EXPECT_EQ(embed(child("ok"), "encoders.0.options={device: 'cuda:1', timeout_seconds: 60}"), 0);
  EXPECT_EQ(embed(child("ok '{\"version\":\"2\"}'")), 4);
  EXPECT_EQ(embed(child("chatty")), 4);
}

TEST_F(ExecEncoderRun, ShardsMergeToTheWholeRun) {
  ASSERT_EQ(run("whole", {"--encoder", child("ok")}).code, 0);
  for (const char* shard : {"0/2", "1/2"})
    ASSERT_EQ(run("shards", {"--encoder", child("ok"), "--shard", shard}).code, 0);
  const CliOutcome merged = run_cli({"merge", dir_ / "shards", "--out", dir_ / "merged", "--json"});
  ASSERT_EQ(merged.code, 0) << merged.err;
  EXPECT_EQ(read_file(dir_ / "merged/items.jsonl"), read_file(dir_ / "whole/items.jsonl"));
  EXPECT_EQ(read_file(dir_ / "merged/results.json"), read_file(dir_ / "whole/results.json"));
}

TEST_F(ExecEncoderRun, AnotherVersionThanAskedForEndsWith6) {
  const CliOutcome outcome =
      run("pinned", {"--encoder", child("ok"), "--set", "encoders.0.options.version=7"});
  EXPECT_EQ(outcome.code, 2) << outcome.err;  // a number where a text belongs
  const CliOutcome quoted =
      run("pinned", {"--encoder", child("ok"), "--set", "encoders.0.options.version='7'"});
  EXPECT_EQ(quoted.code, 6) << quoted.err;
  EXPECT_NE(quoted.err.find("version '7' is asked for"), std::string::npos) << quoted.err;
}

TEST_F(ExecEncoderRun, DoctorTriesIt) {
  const auto findings = [](const CliOutcome& outcome) {
    std::map<std::string, std::string> texts;
    const json answer = json::parse(outcome.out);
    for (const json& finding : answer["findings"])
      texts[finding["topic"]] =
          finding["level"].get<std::string>() + " " + finding["text"].get<std::string>();
    return texts;
  };
  auto texts = findings(run_cli({"doctor", "--json", "--encoder", child("ok")}));
  EXPECT_EQ(texts["encoder"].rfind("ok exec-child-1: ", 0), 0U) << texts["encoder"];
  EXPECT_NE(texts["taps"].find("channels (3 x 1120)"), std::string::npos) << texts["taps"];
  EXPECT_EQ(texts["same bits"].rfind("ok ", 0), 0U) << texts["same bits"];
  EXPECT_NE(texts["untrained"].find("applies"), std::string::npos) << texts["untrained"];
  EXPECT_EQ(run_cli({"doctor", "--encoder", child("nan")}).code, 3);
  EXPECT_EQ(run_cli({"doctor", "--encoder", "exec:exit 1"}).code, 3);
}

TEST_F(ExecEncoderRun, DeviceIsHandedOn) {
  // The child says on standard error which device it was given, which an error quotes.
  const CliOutcome outcome = run("device", {"--encoder", child("nan"), "--device", "cuda:1", "-v"});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_NE(outcome.err.find("item-1: failed: "), std::string::npos) << outcome.err;
  const CliOutcome crashed = run("device2", {"--encoder", child("crash"), "--device", "cuda:1"});
  EXPECT_NE(crashed.err.find("serving on device 'cuda:1'"), std::string::npos) << crashed.err;
  write_safetensors(dir_ / "case.safetensors",
                    {{"input", at::zeros({1, 3, 8, 8})}, {"channels", at::zeros({1, 3})}});
  const CliOutcome parity = run_cli({"parity", "--encoder", child("crash"), "--case",
                                     dir_ / "case.safetensors", "--device", "cuda:1"});
  EXPECT_NE(parity.err.find("serving on device 'cuda:1'"), std::string::npos) << parity.err;
}

TEST_F(ExecEncoderRun, PythonServesTheSameNumbers) {
  const std::string python = python_with_numpy();
  if (python.empty()) GTEST_SKIP() << "no python3 with numpy on this machine";
  const std::string example = testing::source_dir() + "/python/examples/pixels.py";
  const CliOutcome outcome = run("python", {"--encoder", "pixels", "--encoder",
                                            "exec:" + python + " " + example, "--limit", "1"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const json& item : lines_of(dir_ / "python/items.jsonl")) {
    json served = comparable(item["encoders"]["exec-pixels-1"]["taps"]["frame"]);
    json built_in = comparable(item["encoders"]["pixels"]["taps"]["pixel"]);
    served.erase("geophys");
    built_in.erase("geophys");
    EXPECT_EQ(served, built_in);
  }
}

/// What a Python program that imports physprobe prints; its last expression is `expression`.
std::string python_prints(const testing::TempDir& dir,
                          const std::string& python,
                          const std::string& expression) {
  write_file_atomic(dir / "read.py", "import json, sys\nsys.path.insert(0, '" +
                                         testing::source_dir() +
                                         "/python')\nsys.dont_write_bytecode = True\nimport "
                                         "physprobe\nprint(json.dumps(" +
                                         expression + "))\n");
  const std::string command = python + " " + (dir / "read.py") + " > " + (dir / "read.txt");
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  return read_file(dir / "read.txt");
}

TEST_F(ExecEncoderRun, PythonReadsResultsAndStore) {
  const std::string python = python_with_numpy();
  if (python.empty()) GTEST_SKIP() << "no python3 with numpy on this machine";
  ASSERT_EQ(run("read", {"--encoder", child("ok")}).code, 0);
  const std::string folder = "'" + (dir_ / "read") + "'";
  EXPECT_EQ(json::parse(python_prints(dir_, python, "physprobe.read_results(" + folder + ")")),
            json::parse(read_file(dir_ / "read/results.json")));
  EXPECT_EQ(json::parse(python_prints(dir_, python, "physprobe.read_items(" + folder + ")")),
            json(lines_of(dir_ / "read/items.jsonl")));
  const std::string has_h5py = python + " -c 'import h5py' >/dev/null 2>&1";
  if (std::system(has_h5py.c_str()) != 0) GTEST_SKIP() << "no h5py: the store was not read";
  const json records = json::parse(
      python_prints(dir_, python,
                    "[[r.item_id, r.key, sorted(r.fields), r.fields['frame/distance'].tolist() if "
                    "'retrieval' in r.fields else []] for r in physprobe.read_store(" +
                        folder + " + '/store')]"));
  const auto items = lines_of(dir_ / "read/items.jsonl");
  ASSERT_EQ(records.size(), 2 * items.size());  // the model and its untrained null
  for (const json& item : items) {
    const json& encoder = item["encoders"]["exec-child-1"];
    bool is_found = false;
    for (const json& record : records) {
      if (record[1] != encoder["key"]) continue;
      is_found = true;
      EXPECT_EQ(record[0], item["id"]);
      // The store keeps float64 distances; items.jsonl writes the digits that read back to them.
      EXPECT_EQ(record[3], encoder["taps"]["frame"]["distance"]);
    }
    EXPECT_TRUE(is_found) << item["id"];
  }
}

}  // namespace
}  // namespace physprobe
