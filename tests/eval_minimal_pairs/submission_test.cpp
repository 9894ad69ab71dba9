#include "physprobe/eval/minimal_pairs/submission.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/eval/minimal_pairs/mvp_reader.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/expect_error.h"

namespace physprobe {
namespace {

TEST(Submission, HasTheBytesOfTheBenchmarksOwnWriter) {
  const testing::TempDir dir;
  const PairRun run = read_mvp_run(find_logs({testing::golden_path("minimal_pairs")}).front(), {});
  const auto files = write_submission(run, dir / "out");
  ASSERT_EQ(files.size(), 4U);
  for (const std::string& file : files) {
    const std::string name = std::filesystem::path(file).filename().string();
    EXPECT_EQ(read_file(file), read_file(testing::golden_path("minimal_pairs/submission/" + name)))
        << name;
  }
}

TEST(Submission, NeedsTheCandidates) {
  const testing::TempDir dir;
  PairRun run;
  run.model = "m";
  PairItem item;
  item.id = "p_1_1";
  run.tasks = {PairTask{"mvp_mini_intuitive_physics", "mvp_mini", {item}}};
  EXPECT_TRUE(testing::throws_error(ErrorKind::kInput, "p_1_1",
                                    [&] { write_submission(run, dir / "out"); }));
}

}  // namespace
}  // namespace physprobe
