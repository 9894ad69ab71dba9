#include "physprobe/report/report.h"

#include "physprobe/core/error.h"

#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

#include "synthetic_run.h"

namespace physprobe {
namespace {

using testing::count_of;
using testing::read_text;
using testing::SyntheticRun;
using testing::TempDir;
using testing::write_results;
using testing::write_synthetic_run;
using testing::write_text;
namespace fs = std::filesystem;

std::string page_of(const SyntheticRun& run,
                    const std::string& folder,
                    const ReportOptions& options = {}) {
  write_synthetic_run(run, folder);
  return read_text(write_report(folder, options));
}

TEST(Report, ShowsEveryNumberAsItIsStored) {
  TempDir folder;
  const std::string page = page_of({}, folder.path());
  // Summary, with interval: the v1 layer's mean, its difference from pixels, the share.
  EXPECT_NE(page.find("data-v=\"57.625\">57.6 <span class=\"ci\" data-low=\"53.625\" "
                      "data-high=\"61.625\">[53.6, 61.6]</span>"),
            std::string::npos);
  EXPECT_NE(page.find("data-v=\"-27.625\">−27.6 <span class=\"ci\" data-low=\"-30.625\" "
                      "data-high=\"-24.625\">[−30.6, −24.6]</span>"),
            std::string::npos);
  EXPECT_NE(page.find("data-v=\"0.75\">0.75"), std::string::npos);
  // Headline: the interval of the difference excludes zero.
  EXPECT_NE(page.find("are straighter than"), std::string::npos);
  // The null that does not apply says why, beside the numbers and in words.
  EXPECT_NE(page.find("title=\"v1 has no weights to draw anew\">n/a</td>"), std::string::npos);
  EXPECT_NE(page.find("<bdi>2 of 8 items repeat frames.</bdi>"), std::string::npos);
  EXPECT_NE(page.find("straightening/curvature-1"), std::string::npos);
  EXPECT_NE(page.find("&lt;truncated&gt; &amp; lost"), std::string::npos) << "failures are listed";
  EXPECT_NE(page.find("All 8 measured videos are on this page."), std::string::npos);
  EXPECT_EQ(count_of(page, "<article class=\"card\""), 8);
  EXPECT_EQ(count_of(page, "<video src=\"data:video/mp4;base64,"), 8);
  EXPECT_EQ(count_of(page, "background-image:url(data:image/jpeg;base64,"), 2)
      << "each strip is embedded once";
  EXPECT_EQ(count_of(page, "class=\"near\""), 8);
  EXPECT_EQ(count_of(page, "aria-label=\"Middle frame of "), 8 * 4)
      << "a query and three retrieved cases";
  EXPECT_FALSE(fs::exists(folder / "report_data"));
}

TEST(Report, EqualInputGivesEqualBytesWhereverItLies) {
  TempDir first;
  TempDir second;
  SyntheticRun run;
  run.items = 130;
  const std::string a = page_of(run, first.path());
  EXPECT_EQ(read_text(write_report(first.path())), a);
  EXPECT_EQ(page_of(run, second.path()), a);
  for (const char* name :
       {"report_data/page-001.js", "report_data/page-002.js", "report_data/index-001.js"}) {
    EXPECT_EQ(read_text(first / name), read_text(second / name)) << name;
  }
  EXPECT_FALSE(fs::exists(first / "report_data/page-003.js")) << "130 - 42 videos are two pages";
}

TEST(Report, PagesHoldTheRestAndThePageCountsIt) {
  TempDir folder;
  SyntheticRun run;
  run.items = 130;
  const std::string page = page_of(run, folder.path());
  EXPECT_EQ(count_of(page, "<article class=\"card\""), 42);
  EXPECT_NE(
      page.find(
          "This page holds 42 of 130 measured videos. The other 88 are left out of this file"),
      std::string::npos);
  EXPECT_NE(page.find("{\"indexFiles\":1,\"paged\":88,\"pages\":2}"), std::string::npos);
  const std::string paged =
      read_text(folder / "report_data/page-001.js") + read_text(folder / "report_data/page-002.js");
  EXPECT_EQ(count_of(paged, "\\u003carticle class=\\\"card\\\""), 88);
  EXPECT_EQ(paged.find('<'), std::string::npos) << "nothing there can end a script element";
  EXPECT_NE(paged.find("background-image:url(media/a.jpg)"), std::string::npos);
  const std::string index = read_text(folder / "report_data/index-001.js");
  for (int i = 0; i < 130; ++i) {
    const std::string id = fmt::format("clip-{:04}", i);
    const bool is_on_page = page.find("id=\"item-" + id + "\"") != std::string::npos;
    const bool is_paged = index.find("[\"" + id + "\",") != std::string::npos;
    EXPECT_NE(is_on_page, is_paged) << id;
  }
}

TEST(Report, ASmallerRunRemovesOldPages) {
  TempDir folder;
  SyntheticRun run;
  run.items = 60;
  page_of(run, folder.path());
  EXPECT_TRUE(fs::exists(folder / "report_data/page-001.js"));
  run.items = 8;
  page_of(run, folder.path());
  EXPECT_FALSE(fs::exists(folder / "report_data"));
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
  }
}

TEST(ReportSlow, StaysUnderItsSizeWithThreeThousandFatItems) {
  TempDir folder;
  SyntheticRun run;
  run.items = 3000;
  run.own_media = true;
  run.strip_bytes = 200'000;
  ReportOptions options;
  options.max_bytes = 8'000'000;
  const std::string page = page_of(run, folder.path(), options);
  EXPECT_LE(page.size(), 8'000'000U);
  EXPECT_GT(page.size(), 6'000'000U) << "room is used";
  const int64_t cards = count_of(page, "<article class=\"card\"");
  EXPECT_GT(cards, 10);
  EXPECT_LT(cards, 42);
  EXPECT_NE(page.find(fmt::format("This page holds {} of 3,000 measured videos", cards)),
            std::string::npos);
  int64_t paged = 0;
  for (const auto& entry : fs::directory_iterator(folder / "report_data")) {
    if (entry.path().filename().string().rfind("page-", 0) == 0)
      paged += count_of(read_text(entry.path().string()), "\\u003carticle");
  }
  EXPECT_EQ(paged, 3000 - cards);
}

TEST(Report, ClipsThatDoNotFitAreCounted) {
  TempDir folder;
  SyntheticRun run;
  run.items = 20;
  run.own_media = true;
  run.strip_bytes = 30'000;
  ReportOptions options;
  options.max_bytes = 2'000'000;
  const std::string page = page_of(run, folder.path(), options);
  EXPECT_LE(page.size(), 2'000'000U);
  const int64_t cards = count_of(page, "<article class=\"card\"");
  const int64_t clips = count_of(page, "<video ");
  EXPECT_EQ(cards, 20) << "strips come before clips";
  EXPECT_GT(clips, 0);
  ASSERT_GT(cards, clips);
  EXPECT_NE(page.find(fmt::format("The clips of {} videos are left out for size", cards - clips)),
            std::string::npos);
}

TEST(Report, HostileIdsStayText) {
  TempDir folder;
  SyntheticRun run;
  run.items = 60;
  run.labels = {"</style><b>", "\"onload=\"x"};
  run.first_ids = {"</script><img src=x onerror=alert(1)>",
                   "\"><svg onload=alert(2)>",
                   "it's {{cards}}",
                   "مثال/مرحبا",
                   "a\nb\tc",
                   "名前 🙂",
                   "-->",
                   "javascript:alert(3)"};
  const std::string page = page_of(run, folder.path());
  EXPECT_EQ(count_of(page, "<img"), 0);
  EXPECT_EQ(count_of(page, "<svg"), 0);
  EXPECT_EQ(count_of(page, "<script"), count_of(page, "</script>"));
  EXPECT_EQ(count_of(page, "</style>"), 2);
  const std::string paged = read_text(folder / "report_data/page-001.js");
  EXPECT_EQ(paged.find("</"), std::string::npos);
  const std::string everything = page + paged;
  EXPECT_NE(everything.find("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"),
            std::string::npos);
  EXPECT_NE(everything.find("#item-%3C%2Fscript%3E%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E"),
            std::string::npos);
  EXPECT_NE(everything.find("<bdi>مثال/<wbr>مرحبا</bdi>"), std::string::npos);
}

TEST(Report, MissingMediaAreCountedAndTheStripIsStatedMissing) {
  TempDir folder;
  write_synthetic_run({}, folder.path());
  fs::remove(folder / "media/b.jpg");
  const std::string page = read_text(write_report(folder.path()));
  EXPECT_EQ(count_of(page, "No film strip is stored for this video."), 4);
  EXPECT_NE(page.find("1 media files are missing from the run."), std::string::npos);
}

TEST(Report, AStripFrameThatWasNotSampledIsRefused) {
  TempDir folder;
  write_synthetic_run({}, folder.path());
  std::string items = read_text(folder / "items.jsonl");
  const std::string first = "\"strip_indices\":[0,";
  items.replace(items.find(first), first.size(), "\"strip_indices\":[1,");
  write_text(folder / "items.jsonl", items);
  try {
    write_report(folder.path());
    FAIL() << "the run was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_NE(std::string(error.what()).find("clip-0000: has frame 1 on its film strip"),
              std::string::npos)
        << error.what();
  }
}

TEST(Report, RunsWithoutClipsShowStrips) {
  TempDir folder;
  SyntheticRun run;
  run.with_clips = false;
  const std::string page = page_of(run, folder.path());
  EXPECT_EQ(count_of(page, "<video "), 0);
  EXPECT_EQ(count_of(page, "aria-label=\"Film strip: 12 frames of "), 8);
}

TEST(Report, ManyFailuresAreCountedNotListed) {
  TempDir folder;
  SyntheticRun run;
  run.failures = 1000;
  const std::string page = page_of(run, folder.path());
  EXPECT_NE(page.find("1,000 videos were not measured"), std::string::npos);
  EXPECT_NE(page.find("800 further failures are left out here"), std::string::npos);
}

TEST(Report, ResultsThatAreNotOfTheFormatAreRefusedAndNothingIsWritten) {
  TempDir folder;
  write_synthetic_run({}, folder.path());
  auto results = nlohmann::ordered_json::parse(read_text(folder / "results.json"));
  results["provenance"].erase("producer");
  write_results(results, folder.path());
  try {
    write_report(folder.path());
    FAIL() << "the run was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
  }
  EXPECT_FALSE(fs::exists(folder / "report.html"));
}

TEST(Report, OptionsOutOfRangeAreUsageErrors) {
  ReportOptions options;
  options.max_bytes = 30'000'000;
  EXPECT_THROW(options.validate(), Error);
  options = {};
  options.worst = -1;
  EXPECT_THROW(options.validate(), Error);
  EXPECT_NO_THROW(ReportOptions{}.validate());
}

TEST(Report, AFolderThatCannotBeWrittenIsAResourceError) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  TempDir folder;
  write_synthetic_run({}, folder.path());
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  try {
    write_report(folder.path());
    ADD_FAILURE() << "it was written";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kResource);
  }
  fs::permissions(folder.path(), fs::perms::owner_all);
}

TEST(Report, APlaceTakenByADirectoryIsAResourceError) {
  TempDir folder;
  write_synthetic_run({}, folder.path());
  fs::create_directories(folder / "report.html/in-the-way");
  try {
    write_report(folder.path());
    ADD_FAILURE() << "it was written";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kResource);
  }
}

}  // namespace
}  // namespace physprobe
