// `physprobe` runs what needs no LibTorch itself and hands everything else to physprobe-models.

#include "physprobe/cli/base_commands.h"
#include "physprobe/cli/cli.h"

#include "support/shell.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

std::string libraries_of(const std::string& program) {
  return testing::shell("LD_TRACE_LOADED_OBJECTS=1 " + program).text;
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
  EXPECT_EQ(testing::shell(dir / "bin/physprobe version").code, 0);
  const testing::ShellOutcome missing = testing::shell(dir / "bin/physprobe list 2>&1");
  EXPECT_EQ(missing.code, 5);
  EXPECT_EQ(missing.text.rfind("error: " + dir.path() + "/libexec/physprobe/physprobe-models:", 0),
            0U)
      << missing.text;
  EXPECT_NE(missing.text.find("install physprobe again"), std::string::npos) << missing.text;
  // Started through a link it finds what stands beside the program itself.
  fs::create_directories(dir / "libexec/physprobe");
  fs::create_symlink(PHYSPROBE_MODELS_PROGRAM, dir / "libexec/physprobe/physprobe-models");
  fs::create_symlink(dir / "bin/physprobe", dir / "link");
  EXPECT_EQ(testing::shell(dir / "link list --json >/dev/null").code, 0);
}

}  // namespace
}  // namespace physprobe
