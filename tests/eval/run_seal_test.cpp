#include "physprobe/eval/run_seal.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/digest_list.h"
#include "physprobe/eval/run.h"

#include "support/small_items.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

class RunSeal : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_small_items(dir_ / "data", 3, 5);
    RunOptions options;
    options.out = run_;
    options.progress = ProgressMode::kNone;
    run_suite(parse_suite(testing::small_suite(dir_ / "data"), "suite"), options);
  }

  /// The problems when byte `at` of `file` is another one; the file is restored.
  std::vector<std::string> problems_with_flip(const std::string& file, std::size_t at) const {
    const std::string good = read_file(run_ + "/" + file);
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    write_file_atomic(run_ + "/" + file, bad);
    std::vector<std::string> problems = check_run_files(run_);
    write_file_atomic(run_ + "/" + file, good);
    return problems;
  }

  testing::TempDir dir_;
  std::string run_ = dir_ / "run";
};

class RunSealSlow : public RunSeal {};

TEST_F(RunSeal, AFreshRunIsSound) {
  EXPECT_TRUE(check_run_files(run_).empty());
}

TEST_F(RunSeal, EveryFileThatDiffersIsNamed) {
  for (const char* file : {"results.json", "results.csv", "items.jsonl", "run.json", "plan.json"}) {
    const std::size_t size = read_file(run_ + "/" + file).size();
    // First, last and a few bytes between, the digest inside run.json and plan.json among them.
    for (const std::size_t at : {std::size_t{0}, size / 3, size / 2, size - 40, size - 1}) {
      const auto problems = problems_with_flip(file, at);
      ASSERT_FALSE(problems.empty()) << file << " byte " << at;
      EXPECT_NE(problems[0].find(std::string("/") + file + ": differs"), std::string::npos)
          << problems[0];
    }
  }
  write_file_atomic(run_ + "/failures.jsonl", "{}\n");
  const auto problems = check_run_files(run_);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find("/failures.jsonl: differs"), std::string::npos) << problems[0];
}

TEST_F(RunSealSlow, AnyFlippedByteOfCompleteIsFound) {
  const std::size_t size = read_file(run_ + "/COMPLETE").size();
  for (std::size_t at = 0; at < size; ++at)
    EXPECT_FALSE(problems_with_flip("COMPLETE", at).empty()) << at;
}

TEST_F(RunSeal, MissingFilesAndMissingLinesAreNamed) {
  fs::remove(run_ + "/results.csv");
  auto problems = check_run_files(run_);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find("results.csv: is missing"), std::string::npos) << problems[0];
  std::string seal = read_file(run_ + "/COMPLETE");
  const std::size_t line = seal.rfind('\n', seal.find("results.csv")) + 1;
  seal.erase(line, seal.find('\n', line) + 1 - line);
  write_file_atomic(run_ + "/COMPLETE", seal);
  problems = check_run_files(run_);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find("not covered by COMPLETE"), std::string::npos) << problems[0];
  fs::remove(run_ + "/COMPLETE");
  EXPECT_NE(check_run_files(run_)[0].find("was interrupted"), std::string::npos);
}

TEST_F(RunSeal, FilmStripsAreCovered) {
  std::string strip;
  for (const auto& entry : fs::recursive_directory_iterator(run_ + "/media")) {
    if (entry.path().extension() == ".jpg") strip = fs::relative(entry.path(), run_).string();
  }
  ASSERT_FALSE(strip.empty());
  const auto problems = problems_with_flip(strip, 200);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find(strip + ": differs from the digest in items.jsonl"), std::string::npos)
      << problems[0];
}

TEST_F(RunSeal, FurtherFilesAreAddedAndReplaced) {
  write_file_atomic(run_ + "/report.html", "one");
  EXPECT_EQ(check_run_files(run_).size(), 1U) << "a report that nothing covers";
  create_directories(run_ + "/report_data");
  write_file_atomic(run_ + "/report_data/page-1.js", "page");
  extend_digest_list(run_, "COMPLETE", {"report.html", "report_data/page-1.js"},
                     {"report.html", "report_data"});
  EXPECT_TRUE(check_run_files(run_).empty());
  write_file_atomic(run_ + "/report.html", "two");
  fs::remove_all(run_ + "/report_data");
  EXPECT_EQ(check_run_files(run_).size(), 2U);
  extend_digest_list(run_, "COMPLETE", {"report.html"}, {"report.html", "report_data"});
  EXPECT_TRUE(check_run_files(run_).empty());
}

TEST_F(RunSeal, RunsOfEarlierVersionsAreCheckedAsFarAsTheyCanBe) {
  const std::string seal = read_file(run_ + "/COMPLETE");
  const std::size_t line = seal.rfind('\n', seal.find("results.json")) + 1;
  write_file_atomic(run_ + "/COMPLETE", seal.substr(line, 64) + "\n");
  EXPECT_TRUE(check_run_files(run_).empty());
  extend_digest_list(run_, "COMPLETE", {"results.csv"}, {});  // stays what it is
  EXPECT_EQ(read_file(run_ + "/COMPLETE").size(), 65U);
  EXPECT_EQ(problems_with_flip("results.json", 10).size(), 1U);
}

TEST_F(RunSeal, Sha256sumReadsComplete) {
  const std::string command = "cd '" + run_ + "' && sha256sum -c --quiet --strict COMPLETE";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace physprobe
