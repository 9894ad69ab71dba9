// `physprobe` runs what needs no LibTorch itself and hands everything else to physprobe-models.

#include "physprobe/cli/base_commands.h"
#include "physprobe/cli/cli.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <vector>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

/// Both streams of a shell command and its exit code, as "CODE\nTEXT".
std::string said_by(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string text;
  char buffer[4096];
  for (std::size_t n = fread(buffer, 1, sizeof buffer, pipe); n > 0;
       n = fread(buffer, 1, sizeof buffer, pipe))
    text.append(buffer, n);
  const int status = pclose(pipe);
  return std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : 128) + "\n" + text;
}

std::string libraries_of(const std::string& program) {
  return said_by("LD_TRACE_LOADED_OBJECTS=1 " + program);
}

TEST(BaseProgram, IsLoadedWithoutLibTorch) {
  const std::string base = libraries_of(PHYSPROBE_PROGRAM);
  EXPECT_NE(base.find("libavcodec"), std::string::npos) << base;
  EXPECT_EQ(base.find("libtorch"), std::string::npos) << base;
  EXPECT_EQ(base.find("libc10"), std::string::npos) << base;
  EXPECT_EQ(base.find("libfaiss"), std::string::npos) << base;
  EXPECT_NE(libraries_of(PHYSPROBE_MODELS_PROGRAM).find("libtorch"), std::string::npos);
}

TEST(BaseProgram, KnowsItsCommands) {
  using Words = std::vector<std::string>;
  for (const Words& words :
       {Words{"version"}, Words{"score", "physics-iq"}, Words{"-q", "score", "physics-iq", "--out"},
        Words{"score", "physics-iq", "--help"}})
    EXPECT_TRUE(is_base_command(words)) << words.front();
  for (const Words& words : {Words{}, Words{"--help"}, Words{"score"}, Words{"score", "mvp"},
                             Words{"-q"}, Words{"physics-iq"}, Words{"run", "score", "physics-iq"}})
    EXPECT_FALSE(is_base_command(words));
}

TEST(BaseProgram, SaysWhatTheWholeProgramSays) {
  const std::vector<std::vector<std::string>> lines = {
      {"score", "physics-iq", "--help"},
      {"score", "physics-iq", "--generatd", "x"},
      {"score", "physics-iq"},
      {"score", "physics-iq", "--threads", "many"},
      {"score", "physics-iq", "--from-table", "/nonexistent.csv", "--descriptions", "/none.csv"},
      {"-v", "score", "physics-iq", "unexpected"},
      {"version"},
      {"version", "--help"},
      {"version", "--json"}};
  for (const std::vector<std::string>& line : lines) {
    std::ostringstream base_out, base_err, whole_out, whole_err;
    const int base = run_application(base_commands(), line, base_out, base_err);
    EXPECT_EQ(base, run_command_line(line, whole_out, whole_err));
    EXPECT_EQ(base_out.str(), whole_out.str());
    EXPECT_EQ(base_err.str(), whole_err.str());
  }
}

TEST(BaseProgram, WithoutTheOtherItSaysWhatIsMissing) {
  const testing::TempDir dir;
  fs::create_directories(dir / "bin");
  fs::copy_file(PHYSPROBE_PROGRAM, dir / "bin/physprobe");
  EXPECT_EQ(said_by(dir / "bin/physprobe version").rfind("0\nphysprobe ", 0), 0U);
  const std::string missing = said_by(dir / "bin/physprobe list");
  EXPECT_EQ(missing.rfind("5\nerror: " + dir.path() + "/libexec/physprobe/physprobe-models:", 0),
            0U)
      << missing;
  EXPECT_NE(missing.find("install physprobe again"), std::string::npos) << missing;
  // Started through a link it finds what stands beside the program itself.
  fs::create_directories(dir / "libexec/physprobe");
  fs::create_symlink(PHYSPROBE_MODELS_PROGRAM, dir / "libexec/physprobe/physprobe-models");
  fs::create_symlink(dir / "bin/physprobe", dir / "link");
  EXPECT_EQ(said_by(dir / "link list --json").rfind("0\n", 0), 0U);
}

}  // namespace
}  // namespace physprobe
