#include "physprobe/core/atomic_file.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

#include "cli/cli_runner.h"

namespace physprobe {
namespace {

using testing::CliOutcome;
using ::testing::HasSubstr;
using testing::run_cli;

class VoeCommands : public ::testing::Test {
 protected:
  void add(const std::string& name, const std::string& text = "x") {
    create_directories(std::filesystem::path(dir_ / name).parent_path().string());
    std::ofstream(dir_ / name) << text;  // hundreds of them: none has to survive a power cut
  }
  testing::TempDir dir_;
};

TEST_F(VoeCommands, ValidateCountsAndEndsWithTheCodeOfAFailedCheck) {
  for (const char* file : {"P_Gravity/a.mp4", "IP_Gravity/a.mp4", "P_Gravity/b.mp4"}) add(file);
  const CliOutcome text = run_cli({"validate", "grasp", dir_.path(), "--no-videos"});
  EXPECT_EQ(text.code, 7);
  EXPECT_THAT(text.out, HasSubstr("'P_Gravity/b.mp4' has no partner"));
  EXPECT_THAT(text.out, HasSubstr("Gravity plausible"));
  EXPECT_THAT(text.out, HasSubstr("of    128  DIFFERS"));
  const CliOutcome json =
      run_cli({"validate", "grasp", dir_.path(), "--json", "--manifest-out", dir_ / "m.csv"});
  const auto document = nlohmann::json::parse(json.out);
  EXPECT_EQ(document["items"], 3);
  EXPECT_EQ(document["problems"].size(), 1U);
  EXPECT_EQ(document["video_problems"].size(), 3U);  // none of the files is a video
  EXPECT_THAT(read_file(dir_ / "m.csv"), HasSubstr("P_Gravity/a,P_Gravity/a.mp4,possible"));
  EXPECT_EQ(run_cli({"validate", "grasp", dir_ / "nothing"}).code, 3);
}

TEST_F(VoeCommands, ACompleteCopyPasses) {
  for (int i = 0; i < 344; ++i) add("HeldOut/Videos/v" + std::to_string(i) + ".mp4");
  const CliOutcome outcome = run_cli({"validate", "intphys2", dir_ / "HeldOut", "--no-videos"});
  EXPECT_EQ(outcome.code, 0) << outcome.out;
}

TEST_F(VoeCommands, InfLevelsOwnScore) {
  const CliOutcome outcome =
      run_cli({"score", "inflevel", testing::golden_path("voe/inflevel_gravity_scores.csv"),
               "--out", dir_ / "run"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("60.71 %"));
  EXPECT_THAT(outcome.out, HasSubstr("14 of 18 set-ups are complete"));
  EXPECT_THAT(outcome.out, HasSubstr("left out: "));
  EXPECT_TRUE(std::filesystem::exists(dir_ / "run/COMPLETE"));
  EXPECT_EQ(run_cli({"compare", dir_ / "run"}).code, 0);
}

TEST_F(VoeCommands, SubmissionsAreWrittenAndChecked) {
  write_safetensors(dir_ / "s.safetensors",
                    {{"O1/1/1", at::full({2, 3}, 0.25)}, {"O1/1/2", at::full({2, 3}, 0.5)}});
  add("task.txt", "O1/1/2\nO1/1/1\n");
  const std::string curves = dir_ / "s.safetensors";
  const CliOutcome outcome = run_cli({"submit", "intphys", "--surprise", curves, "--tasks",
                                      dir_ / "task.txt", "--out", dir_ / "out"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(read_file(dir_ / "out/avg/answer.txt"), "O1/1/2 0.5\nO1/1/1 0.75\n");
  // What `probe surprise --out` leaves of videos without labels.
  add("run/curves.json",
      R"({"contexts": [2], "videos": [{"id": "O1/1/1", "surprise": [[0.25, 0.25]]},)"
      R"( {"id": "O1/1/2", "surprise": [[0.5, 0.5]]}]})");
  EXPECT_EQ(run_cli({"submit", "intphys", "--surprise", dir_ / "run", "--tasks", dir_ / "task.txt",
                     "--out", dir_ / "same"})
                .code,
            0);
  EXPECT_EQ(read_file(dir_ / "same/avg/answer.txt"), read_file(dir_ / "out/avg/answer.txt"));
  EXPECT_EQ(run_cli({"submit", "intphys", "--check", dir_ / "out/max/answer.txt", "--tasks",
                     dir_ / "task.txt"})
                .code,
            0);
  add("more.txt", "O1/1/1\nO1/1/2\nO1/1/3\n");
  const CliOutcome incomplete = run_cli({"submit", "intphys", "--surprise", curves, "--tasks",
                                         dir_ / "more.txt", "--out", dir_ / "other"});
  EXPECT_EQ(incomplete.code, 3);
  EXPECT_THAT(incomplete.err, HasSubstr("have no curves: O1/1/3"));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "other"));
  EXPECT_EQ(run_cli({"submit", "intphys", "--tasks", dir_ / "task.txt"}).code, 2);
  EXPECT_EQ(run_cli({"submit", "intphys2", "--surprise", curves, "--tasks", dir_ / "task.txt",
                     "--out", dir_ / "two", "--context", "3"})
                .code,
            2);
}

}  // namespace
}  // namespace physprobe
