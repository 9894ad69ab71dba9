#include "physprobe/core/csv.h"

#include "support/comma_locale.h"

#include <gmock/gmock.h>

#include <limits>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using ::testing::ElementsAre;
using testing::throws_error;
using std::string_literals::operator""s;

::testing::AssertionResult refused(const std::string& text, const std::string& part) {
  return throws_error(ErrorKind::kInput, part, [&] { parse_csv(text, "m.csv"); });
}

TEST(ParseCsv, PlainRows) {
  const auto rows = parse_csv("id,path\na,a.mp4\nb,b.mp4\n", "m.csv");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_THAT(rows[0].fields, ElementsAre("id", "path"));
  EXPECT_THAT(rows[2].fields, ElementsAre("b", "b.mp4"));
  EXPECT_EQ(rows[0].line, 1);
  EXPECT_EQ(rows[2].line, 3);
}

TEST(ParseCsv, EmptyTextHasNoRows) {
  EXPECT_TRUE(parse_csv("", "m.csv").empty());
  EXPECT_TRUE(parse_csv("\xEF\xBB\xBF", "m.csv").empty());
  EXPECT_TRUE(parse_csv("\n\r\n", "m.csv").empty());
}

TEST(ParseCsv, ByteOrderMarkIsNotPartOfTheFirstName) {
  EXPECT_THAT(parse_csv("\xEF\xBB\xBFid\na\n", "m.csv")[0].fields, ElementsAre("id"));
}

TEST(ParseCsv, CarriageReturnLineFeed) {
  const auto rows = parse_csv("id,x\r\na,1\r\n", "m.csv");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[1].fields, ElementsAre("a", "1"));
}

TEST(ParseCsv, LastLineWithoutEnd) {
  EXPECT_THAT(parse_csv("id,x\na,1", "m.csv")[1].fields, ElementsAre("a", "1"));
  EXPECT_THAT(parse_csv("id,x\na,", "m.csv")[1].fields, ElementsAre("a", ""));
  EXPECT_THAT(parse_csv("id,x\na,\"1\"", "m.csv")[1].fields, ElementsAre("a", "1"));
}

TEST(ParseCsv, EmptyFields) {
  const auto rows = parse_csv(",\n,,\n\"\"\n", "m.csv");
  EXPECT_THAT(rows[0].fields, ElementsAre("", ""));
  EXPECT_THAT(rows[1].fields, ElementsAre("", "", ""));
  EXPECT_THAT(rows[2].fields, ElementsAre(""));
}

TEST(ParseCsv, QuotesCommasAndDoubledQuotes) {
  const auto rows = parse_csv("\"a,b\",\"say \"\"hi\"\"\",\"\"\"\"\n", "m.csv");
  EXPECT_THAT(rows[0].fields, ElementsAre("a,b", "say \"hi\"", "\""));
}

TEST(ParseCsv, LineNumbersCountEmbeddedNewlinesAndEmptyLines) {
  const auto rows = parse_csv("id\n\n\"two\r\nlines\nor three\"\nc\n", "m.csv");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_THAT(rows[1].fields, ElementsAre("two\r\nlines\nor three"));
  EXPECT_EQ(rows[1].line, 3);
  EXPECT_EQ(rows[2].line, 6);
}

TEST(ParseCsv, SpacesBelongToTheField) {
  EXPECT_THAT(parse_csv(" a , b\n", "m.csv")[0].fields, ElementsAre(" a ", " b"));
}

TEST(ParseCsv, NumbersStayText) {
  EXPECT_THAT(parse_csv("007,1e3,+5\n", "m.csv")[0].fields, ElementsAre("007", "1e3", "+5"));
}

TEST(ParseCsv, RowsMayDifferInLength) {
  const auto rows = parse_csv("a,b\n1\n1,2,3\n", "m.csv");
  EXPECT_EQ(rows[1].fields.size(), 1u);
  EXPECT_EQ(rows[2].fields.size(), 3u);
}

TEST(ParseCsv, RefusesUnclosedQuoteNamingItsLine) {
  EXPECT_TRUE(refused("id\na,\"open\nb\n", "m.csv: line 2: the quote"));
}

TEST(ParseCsv, RefusesTextAfterClosingQuote) {
  EXPECT_TRUE(refused("id\n\"a\"b\n", "line 2: text after"));
}

TEST(ParseCsv, RefusesQuoteInsidePlainField) {
  EXPECT_TRUE(refused("5\" tall\n", "line 1: quote inside"));
}

TEST(ParseCsv, RefusesLoneCarriageReturn) {
  EXPECT_TRUE(refused("a\rb\n", "line 1: carriage return"));
  EXPECT_TRUE(refused("a\n\"b\"\r", "line 2: carriage return"));
}

TEST(ParseCsv, RefusesNulBytes) {
  EXPECT_TRUE(refused("id\na\0b\n"s, "line 2: contains a NUL"));
  EXPECT_TRUE(refused("\0"s, "line 1: contains a NUL"));
  EXPECT_TRUE(refused("id\ncaf\xE9\n", "line 2: is not UTF-8 (byte 0xE9); save the file as UTF-8"));
  EXPECT_TRUE(refused("\xFF\xFEi\0d\0"s, "is UTF-16; save it as UTF-8"));
  EXPECT_TRUE(refused("\"a\0\"\n"s, "line 1: contains a NUL"));
  EXPECT_TRUE(refused("\"a\"\0\n"s, "line 1: contains a NUL"));
}

TEST(ParseCsv, AMillionLines) {
  std::string text = "id,path\n";
  for (int i = 0; i < 1'000'000; ++i)
    text += std::to_string(i) + ",v/" + std::to_string(i) + ".mp4\n";
  const auto rows = parse_csv(text, "m.csv");
  ASSERT_EQ(rows.size(), 1'000'001u);
  EXPECT_THAT(rows.back().fields, ElementsAre("999999", "v/999999.mp4"));
  EXPECT_EQ(rows.back().line, 1'000'001);
}

TEST(CsvWriter, QuotesOnlyWhatNeedsIt) {
  CsvWriter writer({"id", "note"});
  writer.cell("a b").cell("x,y").end_row();
  writer.cell("say \"hi\"").cell("two\nlines").end_row();
  EXPECT_EQ(writer.text(), "id,note\na b,\"x,y\"\n\"say \"\"hi\"\"\",\"two\nlines\"\n");
}

TEST(CsvWriter, NumbersAndEmptyCells) {
  CsvWriter writer({"a", "b", "c", "d", "e"});
  writer.cell(0.1).cell(-3).cell(int64_t{1} << 62).empty_cell();
  writer.cell(std::numeric_limits<double>::quiet_NaN()).end_row();
  writer.cell(1.0).cell(1e-300).cell(1.0 / 3).cell(-0.0);
  writer.cell(std::numeric_limits<double>::infinity()).end_row();
  EXPECT_EQ(writer.text(),
            "a,b,c,d,e\n0.1,-3,4611686018427387904,,\n1,1e-300,0.3333333333333333,-0,\n");
}

TEST(CsvWriter, SurvivesItsOwnParser) {
  const std::vector<std::string> awkward = {"",    "\"", ",",    "\n",       "\r\n",
                                            " a ", "é",  "\"\"", "a\"b,c\nd"};
  CsvWriter writer;
  for (const std::string& text : awkward) writer.cell(text);
  writer.end_row();
  EXPECT_EQ(parse_csv(writer.text(), "w.csv")[0].fields, awkward);
}

TEST(CsvWriter, ARowOfAnotherLengthIsABug) {
  CsvWriter writer({"a", "b"});
  writer.cell("x");
  EXPECT_TRUE(
      throws_error(ErrorKind::kInternal, "1 cells in a table of 2", [&] { writer.end_row(); }));
}

TEST(CsvWriterSlow, DecimalCommaOfTheLocaleDoesNotMatter) {
  const testing::CommaLocale locale;
  if (!locale.is_active()) GTEST_SKIP() << testing::CommaLocale::kWhyNot;
  CsvWriter writer;
  writer.cell(1.5).cell(int64_t{1234567}).end_row();
  EXPECT_EQ(writer.text(), "1.5,1234567\n");
}

}  // namespace
}  // namespace physprobe
