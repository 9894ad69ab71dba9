// A handful of checks through the real binary: exit codes, streams, closed pipes.

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <sys/wait.h>

namespace physprobe {
namespace {

struct Outcome {
  int code;
  std::string text;
};

Outcome shell(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  char buffer[4096];
  for (std::size_t n = fread(buffer, 1, sizeof buffer, pipe); n > 0;
       n = fread(buffer, 1, sizeof buffer, pipe))
    text.append(buffer, n);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128, text};
}

const std::string kProgram = PHYSPROBE_PROGRAM;

TEST(Program, VersionGoesToStdout) {
  const Outcome outcome = shell(kProgram + " version 2>/dev/null");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.text.rfind("physprobe ", 0), 0U);
}

TEST(Program, ErrorsGoToStderrWithTheDocumentedCode) {
  const Outcome outcome = shell(kProgram + " inspect /nonexistent 2>/dev/null");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_TRUE(outcome.text.empty());
}

TEST(Program, AClosedPipeIsQuiet) {
  const Outcome outcome = shell("{ " + kProgram + " --help; } 2>&1 >/dev/full | cat; { " +
                                kProgram + " --help | head -n 1; } 2>&1 >/dev/null");
  EXPECT_TRUE(outcome.text.empty()) << outcome.text;
}

TEST(Program, UsesTheOpenMpBuildOfOpenBlasWhenItIsInstalled) {
  const Outcome present = shell("ls /usr/lib/*/openblas-openmp/libopenblas.so.0 2>/dev/null");
  if (present.text.empty()) GTEST_SKIP() << "libopenblas0-openmp is not installed";
  const Outcome outcome = shell(kProgram + " doctor --json 2>/dev/null");
  EXPECT_NE(outcome.text.find("\"threading\": \"openmp\""), std::string::npos) << outcome.text;
}

}  // namespace
}  // namespace physprobe
