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

TEST(SlurmScript, PassesTheWarningOnAndWaitsForTheProgram) {
  const testing::TempDir dir;
  write_file_atomic(dir / "program", "#!/bin/sh\ntrap 'echo saved >\"" + dir / "saved" +
                                         "\"; exit 143' USR1\ntouch \"" + dir / "started" +
                                         "\"\nwhile :; do sleep 0.05; done\n");
  std::filesystem::permissions(dir / "program", std::filesystem::perms::owner_all);
  const int code = shell("PHYSPROBE=" + dir / "program" + " bash " + kScript +
                         " suite.yaml out & job=$!; while [ ! -e " + dir / "started" +
                         " ]; do sleep 0.05; done; kill -USR1 $job; wait $job");
  EXPECT_EQ(code, 143);
  EXPECT_EQ(read_file(dir / "saved"), "saved\n");
}

}  // namespace
}  // namespace physprobe
