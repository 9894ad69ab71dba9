#include "physprobe/cli/cli.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/safetensors.h"

#include "support/temp_dir.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

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

TEST(CommandLine, EverySubcommandHasAHelpText) {
  const auto names = subcommand_names();
  EXPECT_GE(names.size(), 15U);
  for (const std::string& name : names) {
    const Outcome outcome = run({name, "--help"});
    EXPECT_EQ(outcome.code, 0) << name;
    EXPECT_NE(outcome.out.find(name), std::string::npos) << name;
    EXPECT_TRUE(outcome.err.empty()) << name << ": " << outcome.err;
  }
  EXPECT_EQ(run({"--help"}).code, 0);
}

TEST(CommandLine, UsageErrorsEndWith2AndNameTheNearest) {
  EXPECT_EQ(run({}).code, 2);
  const Outcome typo = run({"reprot", "x"});
  EXPECT_EQ(typo.code, 2);
  EXPECT_NE(typo.err.find("report"), std::string::npos) << typo.err;
  EXPECT_EQ(run({"run"}).code, 2);
  EXPECT_EQ(run({"run", "suite.yaml", "--out", "x", "--no-such-flag"}).code, 2);
  EXPECT_EQ(run({"bench", "--only", "gem"}).code, 2);
}

TEST(CommandLine, MissingInputEndsWith3) {
  EXPECT_EQ(run({"run", "/nonexistent/suite.yaml", "--out", "x"}).code, 3);
  EXPECT_EQ(run({"inspect", "/nonexistent/video.mp4"}).code, 3);
  EXPECT_EQ(run({"probe", "straightening", "--trajectories", "/nonexistent.safetensors"}).code, 3);
  EXPECT_EQ(run({"report", "/nonexistent"}).code, 3);
  EXPECT_EQ(run({"verify", "/nonexistent"}).code, 3);
  EXPECT_EQ(run({"validate", "straightening", "/nonexistent"}).code, 3);
}

TEST(CommandLine, UnknownConfigurationKeyEndsWith2AndNamesTheNearest) {
  const testing::TempDir dir;
  write_file_atomic(dir / "suite.yaml", "dataset: {path: x}\nencoders: [v1]\nsamplng: {n: 3}\n");
  const Outcome outcome = run({"config", "show", dir / "suite.yaml"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("'sampling'"), std::string::npos) << outcome.err;
}

TEST(CommandLine, ConfigShowSaysWhereEachValueCameFrom) {
  const testing::TempDir dir;
  write_file_atomic(dir / "suite.yaml", "dataset: {path: x}\nencoders: [{family: v1}]\n");
  const Outcome outcome =
      run({"config", "show", dir / "suite.yaml", "--set", "memory.k=3", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["suite"]["memory"]["k"], 3);
  EXPECT_EQ(json["origins"]["memory.k"], "--set");
  EXPECT_EQ(json["origins"]["memory.metric"], "default");
}

TEST(CommandLine, ProbePrintsOneJsonDocument) {
  const testing::TempDir dir;
  write_safetensors(dir / "z.safetensors",
                    {{"a", at::sin(at::arange(27, at::kFloat)).reshape({9, 3})},
                     {"b\"quoted", at::cos(at::arange(12, at::kFloat)).reshape({4, 3})}});
  const Outcome outcome =
      run({"probe", "straightening", "--trajectories", dir / "z.safetensors", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["a"]["curvature_deg"].size(), 7U);
  EXPECT_EQ(json["b\"quoted"]["distance"].size(), 3U);
}

TEST(CommandLine, ListAndVersionAndDoctorAnswer) {
  const auto list = nlohmann::json::parse(run({"list", "--json"}).out);
  EXPECT_GE(list["encoders"].size(), 2U);
  EXPECT_EQ(run({"version"}).out.rfind("physprobe ", 0), 0U);
  const auto doctor = nlohmann::json::parse(run({"doctor", "--json"}).out);
  EXPECT_FALSE(doctor["findings"].empty());
  EXPECT_FALSE(doctor["facts"]["blas"]["name"].get<std::string>().empty());
}

TEST(CommandLine, DatasetProblemsEndWith7) {
  const testing::TempDir dir;
  write_file_atomic(dir / "manifest.csv", "id,path\na,missing.mp4\na,missing.mp4\n");
  const Outcome outcome = run({"validate", "dataset", dir / "manifest.csv"});
  EXPECT_EQ(outcome.code, 7) << outcome.out << outcome.err;
}

}  // namespace
}  // namespace physprobe
