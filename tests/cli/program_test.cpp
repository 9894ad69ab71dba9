// A handful of checks through the real binary: exit codes, streams, closed pipes.

#include "support/shell.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <string>

namespace physprobe {
namespace {

using testing::shell;
using testing::ShellOutcome;

const std::string kProgram = PHYSPROBE_PROGRAM;

TEST(Program, VersionGoesToStdout) {
  const ShellOutcome outcome = shell(kProgram + " version 2>/dev/null");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.text.rfind("physprobe ", 0), 0U);
}

TEST(Program, ErrorsGoToStderrWithTheDocumentedCode) {
  const ShellOutcome outcome = shell(kProgram + " inspect /nonexistent 2>/dev/null");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_TRUE(outcome.text.empty());
}

TEST(ProgramSlow, AClosedPipeIsQuiet) {
  const ShellOutcome outcome = shell("{ " + kProgram + " --help; } 2>&1 >/dev/full | cat; { " +
                                     kProgram + " --help | head -n 1; } 2>&1 >/dev/null");
  EXPECT_TRUE(outcome.text.empty()) << outcome.text;
}

TEST(Program, AFullDiskUnderTheResultsEndsWith5) {
  const ShellOutcome outcome = shell("{ " + kProgram + " list --json >/dev/full; } 2>&1");
  EXPECT_EQ(outcome.code, 5);
  EXPECT_NE(outcome.text.find("standard output"), std::string::npos) << outcome.text;
}

TEST(ProgramSlow, CommandsThatCannotStopInOrderEndAtTheFirstSignal) {
  const ShellOutcome outcome = shell("timeout -k 20 -s TERM 1 " + kProgram +
                                     " bench --only gemm --repetitions 1000 >/dev/null 2>&1");
  EXPECT_EQ(outcome.code, 124) << "137: the signal was swallowed and it had to be killed";
}

TEST(Program, ALimitOnFileSizesIsAFullDisk) {
  const testing::TempDir dir;
  // Two blocks of 1024 bytes: no clip of the world fits.
  const ShellOutcome outcome =
      shell("{ ulimit -f 2; " + kProgram + " worlds render --clips 1 --out '" + dir / "world" +
            "' -q; } 2>&1");
  EXPECT_EQ(outcome.code, 5) << outcome.text;
  EXPECT_NE(outcome.text.find("world"), std::string::npos) << outcome.text;
}

TEST(Program, NoCommandOpensANetworkConnection) {
  const ShellOutcome symbols = shell("nm -D --undefined-only " + kProgram + " 2>/dev/null");
  if (symbols.text.empty()) GTEST_SKIP() << "nm is not installed";
  ASSERT_NE(symbols.text.find("U avformat_open_input"), std::string::npos) << symbols.text;
  for (const char* name : {"U connect", "U socket", "U getaddrinfo", "U avformat_network_init"})
    EXPECT_EQ(symbols.text.find(name), std::string::npos) << name;
}

TEST(Program, UsesTheOpenMpBuildOfOpenBlasWhenItIsInstalled) {
  const ShellOutcome present = shell("ls /usr/lib/*/openblas-openmp/libopenblas.so.0 2>/dev/null");
  if (present.text.empty()) GTEST_SKIP() << "libopenblas0-openmp is not installed";
  const ShellOutcome outcome = shell(kProgram + " doctor --json 2>/dev/null");
  EXPECT_NE(outcome.text.find("\"threading\": \"openmp\""), std::string::npos) << outcome.text;
}

}  // namespace
}  // namespace physprobe
