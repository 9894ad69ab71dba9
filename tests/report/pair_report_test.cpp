#include "physprobe/report/pair_report.h"

#include "physprobe/core/error.h"
#include "physprobe/report/pair_items.h"
#include "physprobe/report/pair_table.h"

#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "synthetic_run.h"

namespace physprobe {
namespace {

using testing::TempDir;
using testing::write_text;

ErrorKind kind_of(const std::string& directory) {
  try {
    write_pair_report(directory);
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::kInternal;
}

TEST(PairReport, RefusesWhatIsNoFinishedScoring) {
  const TempDir dir;
  EXPECT_EQ(kind_of(dir.path()), ErrorKind::kInput);
  EXPECT_FALSE(is_pair_run(dir.path()));
  write_text(dir / "results.json", R"({"schema": 1, "protocol": "pairs/mvp-1"})");
  EXPECT_EQ(kind_of(dir.path()), ErrorKind::kInput) << "not COMPLETE";
  EXPECT_TRUE(is_pair_run(dir.path()));
  write_text(dir / "COMPLETE", "x\n");
  write_text(dir / "items.jsonl", "");
  EXPECT_EQ(kind_of(dir.path()), ErrorKind::kInput) << "keys are missing";
  write_text(dir / "results.json", R"({"schema": 1, "protocol": "phyworld/velocity-1"})");
  EXPECT_EQ(kind_of(dir.path()), ErrorKind::kIncompatible);
  EXPECT_FALSE(is_pair_run(dir.path()));
}

std::string item_line(int number, const std::string& response) {
  const nlohmann::json item = {
      {"model", "m"},         {"task", "t"},         {"id", std::to_string(number)},
      {"source", "s"},        {"question", "q"},     {"candidates", {"yes", "no"}},
      {"response", response}, {"right_answer", "A"}, {"strict", nullptr},
      {"robust", "B"}};
  return item.dump() + "\n";
}

TEST(PairItems, TextsThatRepeatAreStoredOnceAndNothingEndsTheScript) {
  const TempDir dir;
  write_text(dir / "items.jsonl", item_line(0, "</script><b>") + item_line(1, "B"));
  const PairItemTable table = pair_item_table(dir / "items.jsonl", 1'000'000);
  EXPECT_EQ(table.shown, 2);
  EXPECT_EQ(table.left_out, 0);
  EXPECT_EQ(table.json.find('<'), std::string::npos);
  const auto json = nlohmann::json::parse(table.json);
  EXPECT_EQ(json["columns"][4]["name"], "question");
  EXPECT_EQ(json["columns"][4]["pool"].size(), 1U);
  EXPECT_EQ(json["rows"][0][7], "</script><b>");
  EXPECT_EQ(json["rows"][0][8], 0);
  EXPECT_EQ(json["rows"][0][9], -1);
  EXPECT_EQ(json["rows"][1][10], 1);
}

TEST(PairItems, WhatDoesNotFitIsCounted) {
  const TempDir dir;
  std::string text;
  for (int i = 0; i < 100; ++i) text += item_line(i, std::string(100, 'x'));
  write_text(dir / "items.jsonl", text);
  const PairItemTable table = pair_item_table(dir / "items.jsonl", 5'000);
  EXPECT_GT(table.shown, 10);
  EXPECT_EQ(table.shown + table.left_out, 100);
}

TEST(PairItems, ALineThatIsNoItemIsNamed) {
  const TempDir dir;
  write_text(dir / "items.jsonl", item_line(0, "A") + "{}\n");
  try {
    pair_item_table(dir / "items.jsonl", 1'000'000);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("line 2"), std::string::npos) << error.what();
  }
}

TEST(PairTable, CellsNameTheirColumnForThePhone) {
  const std::string table =
      pair_table("summary", {{"model", false}, {"value, %", true}, {"<b>p</b>", true}},
                 "<tr><th scope=\"row\">a</th><td>1</td><td "
                 "class=\"num\">2</td></tr><tr><th>b</th><td>3</td></tr>",
                 "Scores");
  EXPECT_NE(table.find("<th scope=\"row\">a</th><td data-h=\"value, %\">1</td>"
                       "<td data-h=\"p\" class=\"num\">2</td></tr>"
                       "<tr><th>b</th><td data-h=\"value, %\">3</td>"),
            std::string::npos)
      << table;
}

TEST(PairTable, EscapesAndMarksUndefinedNumbers) {
  EXPECT_EQ(pair_text("<b>"), "<bdi>&lt;b&gt;</bdi>");
  EXPECT_EQ(p_cell(nullptr), "<td class=\"num\" data-v=\"\">–</td>");
  EXPECT_NE(p_cell(1e-7).find("1.0e-07"), std::string::npos);
  EXPECT_EQ(left_out_note(3, "results.json"), "");
  EXPECT_NE(left_out_note(kMostPairRows + 2, "results.json").find("2 further"), std::string::npos);
}

}  // namespace
}  // namespace physprobe
