#include "physprobe/core/progress.h"

#include <algorithm>

namespace physprobe {
namespace {

std::string printed(ProgressMode mode, int64_t total, int64_t step, const std::string& note = "") {
  ::testing::internal::CaptureStderr();
  {
    Progress progress("embed", total, mode);
    for (int64_t done = step; done <= total; done += step) progress.update(done, note);
    progress.finish();
  }
  return ::testing::internal::GetCapturedStderr();
}

TEST(Progress, LinesComeEveryTenPercent) {
  const std::string text = printed(ProgressMode::kLines, 1000, 1);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10) << text;
  EXPECT_NE(text.find("embed 100/1000 (10 %)"), std::string::npos) << text;
  EXPECT_NE(text.find("embed 1000/1000 (100 %)"), std::string::npos) << text;
}

TEST(Progress, LinesHoldNoControlCharacters) {
  const std::string text = printed(ProgressMode::kLines, 20, 1, "3 failed");
  EXPECT_EQ(text.find_first_of("\r\x1b"), std::string::npos);
  EXPECT_NE(text.find("3 failed"), std::string::npos);
}

TEST(Progress, BarRedrawsItsLineAndEndsIt) {
  const std::string text = printed(ProgressMode::kBar, 4, 1);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_NE(text.find("\r[########################] embed 4/4 (100 %)"), std::string::npos) << text;
}

TEST(Progress, NoneIsSilent) {
  EXPECT_EQ(printed(ProgressMode::kNone, 10, 1), "");
}

TEST(Progress, NothingToDoIsComplete) {
  ::testing::internal::CaptureStderr();
  Progress progress("embed", 0, ProgressMode::kLines);
  progress.update(0);
  progress.update(0);
  progress.finish();
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("embed 0/0 (100 %)"), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

TEST(Progress, AutoWithoutATerminalPrintsLines) {
  const std::string text = printed(ProgressMode::kAuto, 10, 10);  // stderr is captured into a file
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_NE(text.find("embed 10/10"), std::string::npos);
}

TEST(Progress, AnUnfinishedBarLeavesItsLine) {
  ::testing::internal::CaptureStderr();
  {
    Progress progress("embed", 10, ProgressMode::kBar);
    progress.update(1);
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr().back(), '\n');
}

TEST(FormatDuration, UsesTheTwoUnitsThatMatter) {
  EXPECT_EQ(format_duration(0.4), "0 s");
  EXPECT_EQ(format_duration(59.4), "59 s");
  EXPECT_EQ(format_duration(59.6), "1 min 00 s");
  EXPECT_EQ(format_duration(185.0), "3 min 05 s");
  EXPECT_EQ(format_duration(7800.0), "2 h 10 min");
}

}  // namespace
}  // namespace physprobe
