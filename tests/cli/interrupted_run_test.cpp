// Runs that are stopped or killed, through the real program: they continue and end with the bytes
// of an undisturbed run.

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/rng.h"
#include "physprobe/video/video_writer.h"

#include "support/temp_dir.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <signal.h>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace physprobe {
namespace {

class InterruptedRun : public ::testing::Test {
 protected:
  void SetUp() override {
    Rng rng(3);
    for (int item = 0; item < 5; ++item) {
      for (int t = 0; t < 6; ++t) {
        at::Tensor frame = at::empty({32, 32, 3}, at::kByte);
        uint8_t* data = frame.data_ptr<uint8_t>();
        for (int64_t i = 0; i < frame.numel(); ++i) data[i] = static_cast<uint8_t>(rng.below(256));
        const std::string folder = dir_ / ("data/item-" + std::to_string(item));
        std::filesystem::create_directories(folder);
        write_file_atomic(folder + "/" + std::to_string(t) + ".png", encode_png(frame));
      }
    }
    write_file_atomic(
        dir_ / "suite.yaml",
        "sampling: {scheme: all}\nencoders: [{family: v1, options: {size: 32, scales: 2, "
        "orientations: 3}}]\n"
        "statistics: {resamples: 99}\nreport: {clips: false, strip_frames: 2}\ndataset: {path: '" +
            (dir_ / "data") + "'}\n");
  }

  pid_t start(const std::string& out) const {
    const std::string target = dir_ / out;
    const std::string suite = dir_ / "suite.yaml";
    const char* arguments[] = {PHYSPROBE_PROGRAM, "run",          suite.c_str(),
                               "--out",           target.c_str(), "-q",
                               "--no-report",     "--json",       nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 1, 0);
    pid_t child = -1;
    posix_spawn(&child, PHYSPROBE_PROGRAM, &actions, nullptr, const_cast<char* const*>(arguments),
                environ);
    posix_spawn_file_actions_destroy(&actions);
    return child;
  }

  static int wait_for(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  std::string bytes_of(const std::string& out) const {
    std::string all;
    for (const char* file :
         {"/items.jsonl", "/failures.jsonl", "/results.json", "/results.csv", "/COMPLETE"})
      all += read_file((dir_ / out) + file);
    return all;
  }

  testing::TempDir dir_;
};

TEST_F(InterruptedRun, SigtermEndsWith143AndTheNextStartContinues) {
  ASSERT_EQ(wait_for(start("whole")), 0);
  const pid_t child = start("stopped");
  // Wait until the run has begun (its lock exists), then ask it to stop; it may just have finished
  // on a fast machine.
  for (int i = 0; i < 2000 && !std::filesystem::exists(dir_ / "stopped/run.json"); ++i)
    usleep(5000);
  kill(child, SIGTERM);
  const int code = wait_for(child);
  EXPECT_TRUE(code == 143 || code == 0) << code;
  if (code == 143) {
    EXPECT_FALSE(std::filesystem::exists(dir_ / "stopped/COMPLETE"));
  }
  ASSERT_EQ(wait_for(start("stopped")), 0);
  EXPECT_EQ(bytes_of("stopped"), bytes_of("whole"));
}

class InterruptedRunSlow : public InterruptedRun {};

TEST_F(InterruptedRunSlow, KilledAtAnyMomentItContinuesToTheSameBytes) {
  ASSERT_EQ(wait_for(start("whole")), 0);
  const std::string expected = bytes_of("whole");
  Rng rng(11);
  for (int round = 0; round < 6; ++round) {
    std::filesystem::remove_all(dir_ / "killed");
    for (int attempt = 0; attempt < 3; ++attempt) {
      const pid_t child = start("killed");
      usleep(static_cast<useconds_t>(400'000 + rng.below(900'000)));
      kill(child, SIGKILL);
      wait_for(child);
    }
    ASSERT_EQ(wait_for(start("killed")), 0) << "round " << round;
    ASSERT_EQ(bytes_of("killed"), expected) << "round " << round;
  }
}

}  // namespace
}  // namespace physprobe
