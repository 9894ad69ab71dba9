// The first screen says what the results allow to be said, and what they are held against.

#include "physprobe/report/report.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <functional>

#include "synthetic_run.h"

namespace physprobe {
namespace {

using testing::count_of;
using testing::read_text;
using testing::SyntheticRun;
using testing::TempDir;
using testing::write_results;
using testing::write_synthetic_run;
using Json = nlohmann::ordered_json;

/// The page of a run whose results were changed.
std::string page_with(const std::function<void(Json&)>& change, const SyntheticRun& run = {}) {
  TempDir folder;
  write_synthetic_run(run, folder.path());
  Json results = Json::parse(read_text(folder / "results.json"));
  change(results);
  write_results(results, folder.path());
  return read_text(write_report(folder.path()));
}

void set_difference(Json& results, double value, double low, double high) {
  for (Json& row : results.at("layer_profile")) {
    row["difference_deg"] = value;
    row["difference_interval"]["low"] = low;
    row["difference_interval"]["high"] = high;
  }
}

void set_n(Json& results, int n) {
  for (Json& row : results.at("layer_profile")) row["n"] = n;
}

TEST(Headline, SaysOfEveryLabelWhatItsIntervalAllows) {
  const std::string straighter = page_with([](Json&) {});
  EXPECT_NE(straighter.find("At layer <bdi>v1</bdi>, <em><bdi>natural</bdi></em> and "
                            "<em><bdi>shuffled</bdi></em> videos are straighter than their "
                            "pixels."),
            std::string::npos);
  const std::string mixed = page_with([](Json& results) {
    for (Json& row : results.at("layer_profile")) {
      if (row.at("label") == "shuffled") row["difference_interval"]["high"] = 1.0;
    }
  });
  EXPECT_NE(mixed.find("At layer <bdi>v1</bdi>, <em><bdi>natural</bdi></em> videos are straighter "
                       "than their pixels; <em><bdi>shuffled</bdi></em> videos cannot be told "
                       "apart from theirs."),
            std::string::npos);
  const std::string curved = page_with([](Json& r) { set_difference(r, 2.0, 0.5, 3.5); });
  EXPECT_NE(curved.find("videos are more curved than their pixels"), std::string::npos);
  const std::string open = page_with([](Json& r) { set_difference(r, -2.0, -4.0, 0.0); });
  EXPECT_NE(open.find("videos cannot be told apart from their pixels"), std::string::npos);
}

TEST(Headline, AnEndOfAnIntervalKeepsItsSideOfZero) {
  const std::string page = page_with([](Json& r) { set_difference(r, -2.0, -4.0, -0.02); });
  EXPECT_NE(page.find("<b>−2.00°</b> <span class=\"ci\">[−4.00, −0.02]</span>"), std::string::npos);
}

TEST(Headline, FiveVideosAreTooFewWhateverTheirInterval) {
  // Five of five in one direction happen by chance once in sixteen, more often than 95 % allows.
  const std::string five = page_with([](Json& r) { set_n(r, 5); });
  EXPECT_NE(five.find("videos are too few to be told apart from their pixels"), std::string::npos);
  EXPECT_EQ(five.find("are straighter than"), std::string::npos);
  const std::string six = page_with([](Json& r) { set_n(r, 6); });
  EXPECT_NE(six.find("videos are straighter than their pixels"), std::string::npos);
}

TEST(Headline, ManyLabelsShareOneAnswer) {
  SyntheticRun run;
  run.labels = {"a", "b", "c", "d"};
  const std::string page = page_with([](Json&) {}, run);
  EXPECT_NE(page.find("the videos <em>are straighter than</em> their pixels."), std::string::npos);
}

TEST(Headline, ShowsTheControlsBesideTheAnswer) {
  const std::string page = page_with([](Json&) {});
  const std::size_t begin = page.find("<table class=\"held\">");
  ASSERT_NE(begin, std::string::npos);
  const std::string table = page.substr(begin, page.find("</table>", begin) - begin);
  for (const char* row : {"the videos", "their pixels", "their frames shuffled",
                          "their end frames cross-faded", "with untrained weights"}) {
    EXPECT_EQ(count_of(table, std::string("<th scope=\"row\">") + row + "</th>"), 1) << row;
  }
  EXPECT_EQ(count_of(table, "data-v=\"57.625\""), 6) << "clip, shuffled and fade, two labels each";
  EXPECT_EQ(count_of(table, "data-v=\"85.25\""), 2);
  EXPECT_NE(table.find("not applicable: <bdi>v1 has no weights to draw anew</bdi>"),
            std::string::npos);
  EXPECT_NE(page.find("; brackets hold 95 % intervals over videos"), std::string::npos);
}

TEST(Headline, ARatioToAStraightCrossFadeIsNotShown) {
  const std::string page = page_with([](Json& results) {
    for (Json& row : results.at("layer_profile")) {
      if (row.at("condition") == "fade") row["ratio"] = 14372.5;
    }
  });
  const std::size_t begin = page.find("<dl class=\"keys\">");
  const std::string keys = page.substr(begin, page.find("</dl>", begin) - begin);
  EXPECT_EQ(count_of(keys, "<div class=\"key\">"), 3);
  EXPECT_EQ(count_of(keys, "ratio to pixels 0.92"), 2);
  EXPECT_EQ(keys.find("14372"), std::string::npos);
}

TEST(Headline, ARunOfFailuresSaysSo) {
  SyntheticRun run;
  run.items = 0;
  run.failures = 2;
  const std::string page = page_with([](Json&) {}, run);
  EXPECT_NE(page.find("<h1 class=\"finding\">No video was measured.</h1>"), std::string::npos);
  EXPECT_NE(page.find("<b>2</b> <a href=\"#failures\">failed</a>"), std::string::npos);
}

TEST(Sections, EncodersOfWhichTheSameIsSaidShareALine) {
  const std::string page = page_with([](Json& results) {
    results["nulls"] = Json::array();
    for (const char* encoder : {"v1-S64-N3-K4", "pixels"}) {
      results["nulls"].push_back({{"name", "shuffled"},
                                  {"encoder", encoder},
                                  {"applies", true},
                                  {"text", "frames in 8 random orders"}});
    }
    results["nulls"].push_back({{"name", "untrained"},
                                {"encoder", "v1-S64-N3-K4"},
                                {"applies", false},
                                {"text", "not applicable: v1 has no weights"}});
  });
  EXPECT_EQ(count_of(page, "frames in 8 random orders"), 1);
  EXPECT_NE(page.find("<dd>not applicable: <bdi>v1 has no weights</bdi></dd>"), std::string::npos);
  EXPECT_NE(page.find("<dt><bdi>fade</bdi></dt><dd><bdi>the matched control"), std::string::npos);
}

TEST(Sections, AgreementOfTheNearestCaseStandsBesideChance) {
  const std::string page = page_with([](Json&) {});
  EXPECT_NE(page.find("data-v=\"0.875\">0.88 <span class=\"ci\" data-low=\"0.8125\" "
                      "data-high=\"0.9375\">[0.81, 0.94]</span></td><td class=\"num\" "
                      "data-v=\"0.4375\">0.44</td><td class=\"num\" data-v=\"8\">8</td>"),
            std::string::npos);
}

TEST(Sections, AFailureSaysItsPathOnce) {
  const std::string page = page_with([](Json&) {});
  EXPECT_NE(page.find("<td><bdi>broken.mp4</bdi></td>"), std::string::npos);
  EXPECT_NE(page.find("<td><bdi>&lt;truncated&gt; &amp; lost</bdi></td>"), std::string::npos);
}

}  // namespace
}  // namespace physprobe
