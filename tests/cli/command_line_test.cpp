#include "physprobe/cli/suite_flags.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/sin.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>

#include "cli/cli_runner.h"

namespace physprobe {
namespace {

using testing::CliOutcome;
using testing::run_cli;

TEST(CommandLine, UsageErrorsNameTheNearest) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"reprot", "x"}, "did you mean 'report'"},
      {{"memory", "serch"}, "'serch' is no subcommand of physprobe memory; did you mean 'search'"},
      {{"run", "suite.yaml", "--ot=x"}, "'--ot' is no flag of physprobe run; did you mean '--out'"},
      {{"run", "suite.yaml", "--out", "x", "-j"}, "'-j' is no flag of physprobe run"},
      {{"run", "suite.yaml", "--out", "x", "--progress", "bars"}, "bars"},
      {{"run"}, "suite is required"},
      {{}, "subcommand is required"}};
  for (const auto& [arguments, expected] : cases) {
    const CliOutcome outcome = run_cli(arguments);
    EXPECT_EQ(outcome.code, 2) << expected;
    EXPECT_NE(outcome.err.find(expected), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("--help' for the usage"), std::string::npos) << outcome.err;
    EXPECT_TRUE(outcome.out.empty()) << outcome.out;
  }
}

TEST(CommandLine, QuietAndVerboseHoldEverywhereAndMayStandFirst) {
  for (const char* flag : {"-q", "--quiet", "-v", "--verbose"}) {
    EXPECT_EQ(run_cli({flag, "version"}).out, run_cli({"version"}).out) << flag;
    EXPECT_EQ(run_cli({"version", flag}).out, run_cli({"version"}).out) << flag;
    EXPECT_EQ(run_cli({flag, "worlds", "describe"}).code, 0) << flag;
  }
  EXPECT_NE(run_cli({"-v", "verson"}).err.find("did you mean 'version'"), std::string::npos);
  EXPECT_EQ(run_cli({"-x", "version"}).code, 2);
}

TEST(CommandLine, APresetStandsForItsWeightsAndSaysHowToFetchThem) {
  const testing::TempDir dir;
  for (const char* name : {"HF_HUB_CACHE", "TORCH_HOME"}) setenv(name, dir.path().c_str(), 1);
  const CliOutcome absent = run_cli({"parity", "--encoder", "mae_vitb16", "--case",
                                     testing::golden_path("encoders/clip.io.safetensors")});
  for (const char* name : {"HF_HUB_CACHE", "TORCH_HOME"}) unsetenv(name);
  EXPECT_EQ(absent.code, 3) << absent.err;
  EXPECT_NE(absent.err.find("`hf download facebook/vit-mae-base` (CC BY-NC 4.0"), std::string::npos)
      << absent.err;
}

TEST(CommandLine, APresetNamesItsFamilyAndItsPreprocessing) {
  EXPECT_EQ(encoder_config("vjepa2_1_vitl_384"),
            (nlohmann::json{{"family", "vjepa2_1"}, {"weights", "vjepa2_1_vitl_384"}}));
  EXPECT_EQ(encoder_config("vjepa2_vitl").at("family"), "vjepa2");
  for (const std::string name :
       {"dinov3_vitl16_sat493m", "facebook/dinov3-vitl16-pretrain-sat493m"}) {
    EXPECT_EQ(encoder_config(name).at("options").at("preset"), "sat493m") << name;
  }
  EXPECT_FALSE(encoder_config("facebook/dinov3-vitl16-pretrain-lvd1689m").contains("options"));
}

TEST(CommandLine, ParityComputesOnTheDeviceAskedForOrSaysThatItIsNotThere) {
  const testing::TempDir dir;
  const auto io = read_safetensors(testing::golden_path("encoders/clip.io.safetensors"));
  write_safetensors(dir / "case.safetensors",
                    {{"input", io.at("input")}, {"pooled", io.at("image_features")}});
  std::vector<std::string> parity = {"parity",
                                     "--encoder",
                                     testing::golden_path("encoders/clip.hf.safetensors"),
                                     "--case",
                                     dir / "case.safetensors",
                                     "--device",
                                     "cpu"};
  const CliOutcome here = run_cli(parity);
  EXPECT_EQ(here.code, 0) << here.err;
  EXPECT_NE(here.out.find("device: cpu"), std::string::npos) << here.out;
  parity.back() = "gpu";
  const CliOutcome unknown = run_cli(parity);
  EXPECT_EQ(unknown.code, 2);
  EXPECT_NE(unknown.err.find("expected cpu, cuda or cuda:<number>"), std::string::npos)
      << unknown.err;
  parity.back() = "cuda:0";
  const CliOutcome cuda = run_cli(parity);
  if (cuda.code == 0) return;  // a GPU, and the same numbers on it
  EXPECT_EQ(cuda.code, 2);
  EXPECT_NE(cuda.err.find("built without CUDA or finds no GPU"), std::string::npos) << cuda.err;
  parity[2] = "v1";
  EXPECT_NE(run_cli(parity).err.find("computes on the cpu"), std::string::npos);
}

TEST(CommandLine, ProgramsOfTorchScriptRunOnlyWithTrustModel) {
  const testing::TempDir dir;
  write_file_atomic(
      dir / "model.yaml",
      "family: torchscript\nweights: " + testing::golden_path("encoders/torchscript_small.pt") +
          "\npreprocess: {resize: squash, height: 48, width: 32, crop: 0}\n");
  const std::vector<std::string> parity = {
      "parity", "--encoder", dir / "model.yaml", "--case",
      testing::golden_path("encoders/torchscript_small.io.safetensors")};
  const CliOutcome refused = run_cli(parity);
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("--trust-model"), std::string::npos) << refused.err;
  std::vector<std::string> trusting = parity;
  trusting.emplace_back("--trust-model");
  const CliOutcome trusted = run_cli(trusting);
  EXPECT_EQ(trusted.code, 0) << trusted.err << trusted.out;
}

TEST(CommandLine, UnknownConfigurationKeyEndsWith2AndNamesTheNearest) {
  const testing::TempDir dir;
  write_file_atomic(dir / "suite.yaml", "dataset: {path: x}\nencoders: [v1]\nsamplng: {n: 3}\n");
  const CliOutcome outcome = run_cli({"config", "show", dir / "suite.yaml"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("'sampling'"), std::string::npos) << outcome.err;
}

TEST(CommandLine, ConfigShowSaysWhereEachValueCameFrom) {
  const testing::TempDir dir;
  write_file_atomic(dir / "suite.yaml", "dataset: {path: x}\nencoders: [{family: v1}]\n");
  const CliOutcome outcome =
      run_cli({"config", "show", dir / "suite.yaml", "--set", "memory.k=3", "--json"});
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
  const CliOutcome outcome =
      run_cli({"probe", "straightening", "--trajectories", dir / "z.safetensors", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["a"]["curvature_deg"].size(), 7U);
  EXPECT_EQ(json["b\"quoted"]["distance"].size(), 3U);
}

TEST(CommandLine, ListAndVersionAndDoctorAnswer) {
  const auto list = nlohmann::json::parse(run_cli({"list", "--json"}).out);
  EXPECT_GE(list["encoders"].size(), 2U);
  EXPECT_EQ(run_cli({"version"}).out.rfind("physprobe ", 0), 0U);
  const auto doctor = nlohmann::json::parse(run_cli({"doctor", "--json"}).out);
  EXPECT_FALSE(doctor["findings"].empty());
  EXPECT_FALSE(doctor["facts"]["blas"]["name"].get<std::string>().empty());
}

TEST(CommandLine, DatasetProblemsEndWith7) {
  const testing::TempDir dir;
  write_file_atomic(dir / "manifest.csv", "id,path\na,missing.mp4\na,missing.mp4\n");
  const CliOutcome outcome = run_cli({"validate", "dataset", dir / "manifest.csv"});
  EXPECT_EQ(outcome.code, 7) << outcome.out << outcome.err;
  EXPECT_NE(outcome.out.find(dir / "manifest.csv: line 3: "), std::string::npos) << outcome.out;
}

TEST(CommandLine, InspectSaysWhatAFolderLacks) {
  const testing::TempDir dir;
  const CliOutcome nothing = run_cli({"inspect", dir.path()});
  EXPECT_EQ(nothing.code, 3);
  EXPECT_NE(nothing.err.find("no numbered images"), std::string::npos) << nothing.err;
  write_file_atomic(dir / "run.json", R"({"schema": 1, "name": "mine"})");
  const CliOutcome begun = run_cli({"inspect", dir.path()});
  EXPECT_EQ(begun.code, 0) << begun.err;
  EXPECT_NE(begun.out.find("unfinished run"), std::string::npos) << begun.out;
}

TEST(CommandLine, InspectReadsCheckpointsAndKnowsTables) {
  const CliOutcome checkpoint =
      run_cli({"inspect", testing::golden_path("encoders/ijepa.pth.tar")});
  EXPECT_EQ(checkpoint.code, 0) << checkpoint.err;
  EXPECT_NE(checkpoint.out.find("looks like: "), std::string::npos) << checkpoint.out;
  const testing::TempDir dir;
  write_file_atomic(dir / "manifest.csv", "id,path\n");
  const CliOutcome table = run_cli({"inspect", dir / "manifest.csv"});
  EXPECT_EQ(table.code, 3);
  EXPECT_NE(table.err.find("validate dataset"), std::string::npos) << table.err;
}

TEST(CommandLine, PathsThatCannotBeLookedAtAreInputErrors) {
  // Longer than any file name may be: the system refuses to look.
  const std::string path(300, 'a');
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"inspect", path}, {"verify", path}}) {
    const CliOutcome outcome = run_cli(arguments);
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    EXPECT_NE(outcome.err.find("check the path"), std::string::npos) << outcome.err;
  }
  const CliOutcome gone = run_cli({"verify", "/nonexistent/run"});
  EXPECT_EQ(gone.code, 3);
  EXPECT_NE(gone.err.find("does not exist"), std::string::npos) << gone.err;
}

TEST(CommandLine, NumbersOutOfRangeSayWhatIsExpected) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"run", "s.yaml", "--out", "x", "--limit", "0"}, "--limit: is 0; expected a number above 0"},
      {{"run", "s.yaml", "--out", "x", "--seed", "-1"}, "--seed: is -1; expected 0 or more"},
      {{"worlds", "render", "--out", "x", "--seed", "-1"}, "--seed: is -1; expected 0 or more"},
      {{"score", "mvp", "x", "--seed", "-1"}, "--seed: is -1; expected 0 or more"}};
  for (const auto& [arguments, expected] : cases) {
    const CliOutcome outcome = run_cli(arguments);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_NE(outcome.err.find(expected), std::string::npos) << outcome.err;
  }
}

}  // namespace
}  // namespace physprobe
