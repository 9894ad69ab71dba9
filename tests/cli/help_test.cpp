// The help text of every subcommand, word for word: a changed flag or sentence shows in review.
// After a wanted change, PHYSPROBE_UPDATE_SNAPSHOTS=1 writes the texts anew.

#include "physprobe/core/atomic_file.h"

#include "support/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "cli/cli_runner.h"

namespace physprobe {
namespace {

using testing::run_cli;
using testing::words;

std::string snapshot_path(const std::string& command) {
  std::string file = command.empty() ? "physprobe" : command;
  std::replace(file.begin(), file.end(), ' ', '-');
  return testing::golden_path("cli/help/" + file + ".txt");
}

std::vector<std::string> all_commands() {
  std::vector<std::string> commands = subcommand_names();
  commands.insert(commands.begin(), "");
  return commands;
}

TEST(Help, EveryTextIsTheOneOnFile) {
  const bool update = std::getenv("PHYSPROBE_UPDATE_SNAPSHOTS") != nullptr;
  for (const std::string& command : all_commands()) {
    std::vector<std::string> arguments = words(command);
    arguments.push_back("--help");
    const testing::CliOutcome outcome = run_cli(arguments);
    EXPECT_EQ(outcome.code, 0) << command;
    EXPECT_TRUE(outcome.err.empty()) << command << ": " << outcome.err;
    const std::string path = snapshot_path(command);
    if (update) {
      create_directories(std::filesystem::path(path).parent_path().string());
      write_file_atomic(path, outcome.out);
    }
    ASSERT_TRUE(std::filesystem::exists(path))
        << "no snapshot of '" << command << " --help'; PHYSPROBE_UPDATE_SNAPSHOTS=1 writes it";
    EXPECT_EQ(outcome.out, read_file(path))
        << command << ": if the change is wanted, PHYSPROBE_UPDATE_SNAPSHOTS=1 writes it anew";
  }
}

TEST(Help, NoSnapshotIsLeftOfACommandThatIsGone) {
  std::set<std::string> expected;
  for (const std::string& command : all_commands()) expected.insert(snapshot_path(command));
  for (const auto& entry : std::filesystem::directory_iterator(testing::golden_path("cli/help"))) {
    EXPECT_EQ(expected.count(entry.path().string()), 1U) << entry.path();
  }
}

TEST(Help, LinesFitATerminalAndNameTheirCommand) {
  for (const std::string& command : all_commands()) {
    std::vector<std::string> arguments = words(command);
    arguments.push_back("--help");
    const std::string text = run_cli(arguments).out;
    EXPECT_NE(text.find("usage: physprobe" + (command.empty() ? "" : " " + command)),
              std::string::npos)
        << text;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
  }
}

}  // namespace
}  // namespace physprobe
