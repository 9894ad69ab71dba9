// The shipped Slurm script in a simulated environment: each task runs its shard, a warning signal
// is passed on.

#include "physprobe/core/atomic_file.h"

#include "support/source_dir.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <sys/wait.h>

namespace physprobe {
namespace {

const std::string kScript = testing::source_dir() + "/scripts/slurm/array.sbatch";

int shell(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

TEST(SlurmScript, HandsTheArrayTaskToTheProgram) {
  const testing::TempDir dir;
  write_file_atomic(
      dir / "program",
      "#!/bin/sh\necho \"$@\" task=$SLURM_ARRAY_TASK_ID threads=$OMP_NUM_THREADS >\"" +
          dir / "seen" + "\"\nexit 4\n");
  std::filesystem::permissions(dir / "program", std::filesystem::perms::owner_all);
  EXPECT_EQ(shell("SLURM_ARRAY_TASK_ID=3 SLURM_CPUS_PER_TASK=2 PHYSPROBE=" + dir / "program" +
                  " bash " + kScript + " suite.yaml out --limit 5"),
            4)
      << "the program's exit code must come through";
  EXPECT_EQ(read_file(dir / "seen"),
            "run suite.yaml --out out --shard auto --progress lines --limit 5 task=3 threads=2\n");
}

/// Runs the script around a program that ends in good order at any signal, sends it `signal`, and
/// returns the exit code; a fake scontrol writes down what it was asked.
int signalled(const testing::TempDir& dir, const std::string& signal) {
  write_file_atomic(dir / "program", "#!/bin/sh\ntrap 'echo saved >\"" + dir / "saved" +
                                         "\"; exit 143' USR1 TERM\ntouch \"" + dir / "started" +
                                         "\"\nwhile :; do sleep 0.05; done\n");
  write_file_atomic(dir / "scontrol", "#!/bin/sh\necho \"$@\" >\"" + dir / "requeued" + "\"\n");
  for (const char* name : {"program", "scontrol"})
    std::filesystem::permissions(dir / name, std::filesystem::perms::owner_all);
  return shell("PATH=\"" + dir.path() +
               ":$PATH\" SLURM_ARRAY_JOB_ID=17 SLURM_ARRAY_TASK_ID=3 "
               "PHYSPROBE=" +
               dir / "program" + " bash " + kScript + " suite.yaml out & job=$!; while [ ! -e " +
               dir / "started" + " ]; do sleep 0.05; done; kill -" + signal + " $job; wait $job");
}

TEST(SlurmScript, PassesTheWarningOnAndQueuesTheTaskAgain) {
  const testing::TempDir dir;
  EXPECT_EQ(signalled(dir, "USR1"), 143);
  EXPECT_EQ(read_file(dir / "saved"), "saved\n");
  EXPECT_EQ(read_file(dir / "requeued"), "requeue 17_3\n");
}

TEST(SlurmScript, ACancelledTaskEndsInOrderAndStaysCancelled) {
  const testing::TempDir dir;
  EXPECT_EQ(signalled(dir, "TERM"), 143);
  EXPECT_EQ(read_file(dir / "saved"), "saved\n");
  EXPECT_FALSE(std::filesystem::exists(dir / "requeued"));
}

}  // namespace
}  // namespace physprobe
