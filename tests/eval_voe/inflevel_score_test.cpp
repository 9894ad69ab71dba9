#include "physprobe/eval/voe/inflevel_score.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(InfLevelScore, EveryGoldenTable) {
  const nlohmann::json golden = read_json(testing::golden_path("voe/inflevel_expected.json"));
  ASSERT_EQ(golden.size(), 2U);
  for (const nlohmann::json& expected : golden) {
    const auto event = expected.at("event").get<std::string>();
    const InfLevelTable table = read_inflevel_scores(
        testing::golden_path("voe/inflevel_" + event + "_scores.csv"), "score", false);
    const auto complete = expected.at("groups_complete").get<std::size_t>();
    EXPECT_EQ(table.groups.size(), complete);
    EXPECT_EQ(table.groups.size() + table.incomplete.size(), expected.at("groups_total"));
    const InfLevelScore score = inflevel_score(table, 1000, {});
    // The golden's own tolerance: only the order of a sum differs.
    EXPECT_NEAR(score.accuracy, expected.at("accuracy").get<double>(), 1e-12);
    // Another generator than the reference's; three standard errors of 1,000 permutations.
    EXPECT_NEAR(score.one_sided_p, expected.at("pval_1sided").get<double>(), 0.04);
    EXPECT_NEAR(score.two_sided_p, expected.at("pval").get<double>(), 0.04);
    EXPECT_NEAR(score.permuted_mean, 0.5, 0.01);
    EXPECT_NEAR(score.permuted_sd, expected.at("perm_std").get<double>(), 0.01);
    EXPECT_LT(score.interval.low, score.accuracy);
    EXPECT_GT(score.interval.high, score.accuracy);
  }
}

class InfLevelFile : public ::testing::Test {
 protected:
  std::string file(const std::string& text, const std::string& name = "s.csv") {
    write_file_atomic(dir_ / name, text);
    return dir_ / name;
  }
  std::string error_of(const std::string& text) {
    try {
      read_inflevel_scores(file(text), "score", false);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      return error.what();
    }
    return "";
  }
  testing::TempDir dir_;
};

const char* const kHeading = "camera_loc,cover,obj,trial_type,score\n";

TEST_F(InfLevelFile, TiesCountOneHalfAndIncompleteGroupsAreNamed) {
  const InfLevelTable table = read_inflevel_scores(
      file(std::string(kHeading) + "l,c,o,ui,2\nl,c,o,cv,1\nl,c,o,uv,1\nl,c,o,ci,0\nl,c,x,ui,1\n"),
      "score", false);
  EXPECT_THAT(table.incomplete, ElementsAre("l/c/x has ui"));
  EXPECT_EQ(table.principle, "gravity or solidity");
  const InfLevelScore score = inflevel_score(table, 200, {});
  EXPECT_EQ(score.accuracy, 3.5 / 4.0);  // 2 > 1, 2 > 0, 1 = 1, 1 > 0
  EXPECT_EQ(score.ties, 1);
}

TEST_F(InfLevelFile, SurpriseIsTheOtherWayRound) {
  const std::string rows = "l,c,o,vv,2\nl,c,o,ii,2\nl,c,o,vi,1\nl,c,o,iv,1\n";
  const std::string path = file(kHeading + rows);
  EXPECT_EQ(inflevel_score(read_inflevel_scores(path, "score", false), 10, {}).accuracy, 1.0);
  EXPECT_EQ(inflevel_score(read_inflevel_scores(path, "score", true), 10, {}).accuracy, 0.0);
  std::string tabs = kHeading + rows;
  std::replace(tabs.begin(), tabs.end(), ',', '\t');
  EXPECT_EQ(read_inflevel_scores(file(tabs, "s.tsv"), "score", false).groups.size(), 1U);
}

TEST_F(InfLevelFile, ExactlyOneHalfIsNoEvidence) {
  const InfLevelTable table = read_inflevel_scores(
      file(std::string(kHeading) + "l,c,o,vv,1\nl,c,o,ii,1\nl,c,o,vi,1\nl,c,o,iv,1\n"), "score",
      false);
  EXPECT_EQ(inflevel_score(table, 50, {}).two_sided_p, 1.0);
}

TEST_F(InfLevelFile, DefectsAreNamedWithTheirLines) {
  EXPECT_THAT(error_of("cover,obj,trial_type,score\n"), HasSubstr("lacks the column camera_loc"));
  const std::string text =
      error_of(std::string(kHeading) + "l,c,o,vv,1\nl,c,o,vv,2\nl,c,o,ui,1\nl,c,o,ii,nan\nl,c\n");
  EXPECT_THAT(text, HasSubstr("line 3 is a second 'vv' of l/c/o"));
  EXPECT_THAT(text, HasSubstr("line 4 has trial_type 'ui'"));
  EXPECT_THAT(text, HasSubstr("line 5 has the score 'nan'"));
  EXPECT_THAT(text, HasSubstr("line 6 has 2 cells"));
  EXPECT_THAT(error_of(std::string(kHeading) + "l,c,o,vv,1\n"),
              HasSubstr("no set-up with all four"));
}

}  // namespace
}  // namespace physprobe
