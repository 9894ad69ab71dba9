// Numbers do not depend on the language of the machine: a whole run and the user's own arrays, in a
// host application with a decimal comma and in a program started with one.

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/safetensors.h"

#include "support/comma_locale.h"
#include "support/small_items.h"
#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/sin.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "cli/cli_runner.h"

namespace physprobe {
namespace {

using testing::CliOutcome;
using testing::CommaLocale;
using testing::run_cli;

/// Generating a locale takes a second.
class LocaleSlow : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_small_items(dir_ / "data", 3, 5);
    write_file_atomic(dir_ / "suite.yaml",
                      testing::small_suite(dir_ / "data") + "video: {image_sequence_fps: 12.5}\n");
    write_file_atomic(dir_ / "times.csv",
                      "path,start_seconds,stop_seconds\ndata/item-0,0,0.3\ndata/item-1,0.1,0.4\n");
    write_safetensors(dir_ / "paths.safetensors",
                      {{"walk", at::sin(at::arange(4000, at::kFloat)).reshape({1000, 4})}});
  }

  /// What each command prints, and every file of the run that must not differ.
  std::string everything(const std::string& out) const {
    std::string text;
    const auto add = [&](const std::vector<std::string>& arguments) {
      const CliOutcome outcome = run_cli(arguments);
      EXPECT_EQ(outcome.code, 0) << outcome.err;
      text += outcome.out.substr(0, outcome.out.find("\nreport: "));
    };
    add({"run", dir_ / "suite.yaml", "--out", dir_ / out, "-q"});
    add({"run", dir_ / "suite.yaml", "--out", dir_ / (out + "-times"), "-q", "--set",
         "dataset.path=" + (dir_ / "times.csv"), "--set", "statistics.level=0.9"});
    for (const std::string& folder : {out, out + "-times"}) {
      for (const char* file : {"items.jsonl", "results.json", "results.csv", "report.html"})
        text += read_file(dir_ / (folder + "/" + file));
    }
    add({"probe", "straightening", "--trajectories", dir_ / "paths.safetensors", "--json"});
    add({"probe", "straightening", "--trajectories", dir_ / "paths.safetensors"});
    add({"config", "show", dir_ / "suite.yaml"});
    add({"worlds", "describe"});
    return text;
  }

  testing::TempDir dir_;
};

/// Where two texts part, with their surroundings.
std::string first_difference(const std::string& one, const std::string& other) {
  const auto at = static_cast<std::size_t>(
      std::mismatch(one.begin(), one.end(), other.begin(), other.end()).first - one.begin());
  const std::size_t from = at < 60 ? 0 : at - 60;
  return "'" + one.substr(from, 120) + "' and '" + other.substr(from, 120) + "'";
}

TEST_F(LocaleSlow, AHostApplicationWithADecimalCommaChangesNothing) {
  const std::string expected = everything("plain");
  const CommaLocale locale;
  if (!locale.is_active()) GTEST_SKIP() << CommaLocale::kWhyNot;
  const std::string found = everything("comma");
  EXPECT_TRUE(found == expected) << first_difference(found, expected);
}

TEST_F(LocaleSlow, ErrorsShowPlainNumbersToo) {
  const CommaLocale locale;
  if (!locale.is_active()) GTEST_SKIP() << CommaLocale::kWhyNot;
  const CliOutcome outcome =
      run_cli({"run", dir_ / "suite.yaml", "--out", dir_ / "x", "--set", "statistics.level=1.5"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("1.5"), std::string::npos) << outcome.err;
}

TEST_F(LocaleSlow, AProgramStartedWithADecimalCommaAnswersTheSame) {
  const CommaLocale locale;
  if (!locale.is_active()) GTEST_SKIP() << CommaLocale::kWhyNot;
  const auto answer = [&](const std::string& language) {
    const std::string command = "LC_ALL=" + language + " LOCPATH='" + locale.folder() + "' '" +
                                PHYSPROBE_PROGRAM +
                                "' probe straightening --json --trajectories '" +
                                (dir_ / "paths.safetensors") + "' > '" + (dir_ / language) + "'";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return read_file(dir_ / language);
  };
  EXPECT_EQ(answer(CommaLocale::kName), answer("C"));
}

}  // namespace
}  // namespace physprobe
