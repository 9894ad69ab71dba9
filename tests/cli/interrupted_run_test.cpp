// Runs that are stopped or killed, through the real program: they continue and end with the bytes
// of an undisturbed run, the report included.

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/rng.h"

#include "support/golden.h"
#include "support/small_items.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "surprise_data.h"

extern char** environ;

namespace physprobe {
namespace {

namespace fs = std::filesystem;

class InterruptedRun : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_small_items(dir_ / "data", 5, 5);
    write_file_atomic(dir_ / "data/text.mp4", "no video");  // failures are resumed as well
    write_file_atomic(dir_ / "suite.yaml", testing::small_suite(dir_ / "data"));
  }

  virtual std::vector<std::string> command(const std::string& out) const {
    return {PHYSPROBE_PROGRAM, "run", dir_ / "suite.yaml", "--out", out, "-q", "--json"};
  }
  /// What an undisturbed run ends with: here one file is no video.
  virtual int finished_code() const { return 4; }

  pid_t start(const std::string& out) const {
    std::vector<std::string> words = command(dir_ / out);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1, 0);
    posix_spawn_file_actions_addopen(&actions, 2, errors_.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0666);
    pid_t child = -1;
    posix_spawn(&child, PHYSPROBE_PROGRAM, &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    return child;
  }

  static int wait_for(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  /// Waits until the run has begun: its handlers are installed before its directory exists.
  void wait_until_started(const std::string& out) const {
    for (int i = 0; i < 6000 && !fs::exists(dir_ / out + "/run.json"); ++i) usleep(5000);
  }

  /// Names and bytes of everything but what holds times, the configuration's path or the store.
  std::string bytes_of(const std::string& out) const {
    const std::string root = dir_ / out;
    std::vector<std::string> files;
    for (auto entry = fs::recursive_directory_iterator(root);
         entry != fs::recursive_directory_iterator(); ++entry) {
      const std::string name = entry->path().string().substr(root.size());
      if (name == "/store" || name == "/cache") entry.disable_recursion_pending();
      if (name != "/run.json" && name != "/log.txt" && entry->is_regular_file())
        files.push_back(name);
    }
    std::sort(files.begin(), files.end());
    std::string all;
    for (const std::string& name : files) all += name + "\n" + read_file(root + name);
    return all;
  }

  void expect_resumable_after(int signal_number, int expected_code) const {
    ASSERT_EQ(wait_for(start("whole")), finished_code());
    const pid_t child = start("stopped");
    wait_until_started("stopped");
    kill(child, signal_number);
    const int code = wait_for(child);
    // A fast machine may have finished before the signal came.
    EXPECT_TRUE(code == expected_code || code == finished_code()) << code;
    if (code == expected_code) {
      EXPECT_FALSE(fs::exists(dir_ / "stopped/COMPLETE"));
    }
    ASSERT_EQ(wait_for(start("stopped")), finished_code());
    EXPECT_EQ(bytes_of("stopped"), bytes_of("whole"));
  }

  /// Kills three starts of each round at random moments, counted from the run's first file
  /// (`waits`) or from the process, then lets one finish.
  void expect_resumable_after_kills(int rounds, uint64_t seed, bool waits) const {
    ASSERT_EQ(wait_for(start("whole")), finished_code());
    const std::string expected = bytes_of("whole");
    Rng rng(seed);
    for (int round = 0; round < rounds; ++round) {
      fs::remove_all(dir_ / "killed");
      for (int attempt = 0; attempt < 3; ++attempt) {
        const pid_t child = start("killed");
        if (waits) wait_until_started("killed");
        usleep(static_cast<useconds_t>((waits ? 0U : 300'000U) + rng.below(900'000)));
        kill(child, SIGKILL);
        wait_for(child);
      }
      ASSERT_EQ(wait_for(start("killed")), finished_code()) << "round " << round << "\n"
                                                            << read_file(errors_);
      ASSERT_EQ(bytes_of("killed"), expected) << "round " << round;
    }
  }

  testing::TempDir dir_;
  /// What the last start said on standard error.
  std::string errors_ = dir_ / "stderr.txt";
};

class InterruptedRunSlow : public InterruptedRun {};

TEST_F(InterruptedRunSlow, SigtermEndsWith143AndTheNextStartContinues) {
  expect_resumable_after(SIGTERM, 143);
}

TEST_F(InterruptedRunSlow, SlurmsWarningEndsWith143AndTheNextStartContinues) {
  expect_resumable_after(SIGUSR1, 143);
}

TEST_F(InterruptedRunSlow, SigintEndsWith130AndTheNextStartContinues) {
  expect_resumable_after(SIGINT, 130);
}

TEST_F(InterruptedRunSlow, ASecondSigintEndsAtOnceAndIsStillResumable) {
  ASSERT_EQ(wait_for(start("whole")), 4);
  const pid_t child = start("stopped");
  wait_until_started("stopped");
  kill(child, SIGINT);
  kill(child, SIGINT);
  const int code = wait_for(child);
  EXPECT_TRUE(code == 130 || code == 4) << code;
  ASSERT_EQ(wait_for(start("stopped")), 4);
  EXPECT_EQ(bytes_of("stopped"), bytes_of("whole"));
}

TEST_F(InterruptedRunSlow, ASecondProcessInTheSameDirectoryIsRefused) {
  const pid_t first = start("shared");
  wait_until_started("shared");
  const int second = wait_for(start("shared"));
  const int code = wait_for(first);
  EXPECT_EQ(code, 4);
  // The first may just have finished; then the second one runs on its own.
  EXPECT_TRUE(second == 5 || second == 4) << second;
}

TEST_F(InterruptedRunSlow, KilledAtAnyMomentItContinuesToTheSameBytes) {
  expect_resumable_after_kills(7, 11, /*waits=*/false);
}

/// The same of an evaluation against recordings: what was evaluated lies in its cache.
class InterruptedEvaluationSlow : public InterruptedRun {
 protected:
  void SetUp() override {}
  std::vector<std::string> command(const std::string& out) const override {
    const std::string set = testing::golden_path("physics_iq/minibench/");
    return {PHYSPROBE_PROGRAM,
            "score",
            "physics-iq",
            "--generated",
            set + "generated/model-b-op-run_01",
            "--benchmark",
            set,
            "--descriptions",
            set + "descriptions.csv",
            "--masks",
            "direct",
            "--resamples",
            "99",
            "--out",
            out,
            "-q"};
  }
  int finished_code() const override { return 0; }
};

TEST_F(InterruptedEvaluationSlow, SigtermEndsWith143AndTheNextStartContinues) {
  expect_resumable_after(SIGTERM, 143);
}

TEST_F(InterruptedEvaluationSlow, KilledAtAnyMomentItContinuesToTheSameBytes) {
  expect_resumable_after_kills(3, 12, /*waits=*/true);
}

/// The same of surprise: what went through the predictor lies in its store.
class InterruptedSurpriseSlow : public InterruptedRun {
 protected:
  void SetUp() override { testing::write_surprise_data(dir_.path()); }
  std::vector<std::string> command(const std::string& out) const override {
    std::vector<std::string> words =
        testing::surprise_command(dir_.path(), {"--dataset", dir_ / "data", "--out", out});
    words.insert(words.begin(), PHYSPROBE_PROGRAM);
    return words;
  }
  int finished_code() const override { return 0; }
};

TEST_F(InterruptedSurpriseSlow, KilledAtAnyMomentItContinuesToTheSameBytes) {
  expect_resumable_after_kills(4, 13, /*waits=*/false);
}

}  // namespace
}  // namespace physprobe
