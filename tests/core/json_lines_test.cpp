#include "physprobe/core/json_lines.h"

#include "physprobe/core/atomic_file.h"

#include "support/temp_dir.h"

#include <nlohmann/json.hpp>

#include <cstring>
#include <limits>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using testing::TempDir;
using testing::throws_error;

TEST(DumpJson, CompactWithSortedKeys) {
  EXPECT_EQ(dump_json(json{{"b", 1}, {"a", {1, 2}}, {"c", nullptr}, {"d", true}}),
            R"({"a":[1,2],"b":1,"c":null,"d":true})");
}

TEST(DumpJson, OrderedKeepsTheOrder) {
  EXPECT_EQ(dump_json(ordered_json{{"b", 1}, {"a", "x"}}), R"({"b":1,"a":"x"})");
}

TEST(DumpJson, PrettyIndentsByTwo) {
  EXPECT_EQ(dump_json_pretty(ordered_json{{"b", {1, 2}}, {"a", ordered_json::object()}}),
            "{\n  \"b\": [\n    1,\n    2\n  ],\n  \"a\": {}\n}\n");
}

TEST(DumpJson, EmptyContainers) {
  EXPECT_EQ(dump_json(json{{"a", json::array()}, {"o", json::object()}}), R"({"a":[],"o":{}})");
}

TEST(DumpJson, DoublesHaveTheShortestDigitsAndStayDoubles) {
  EXPECT_EQ(dump_json(json{0.1, 1.0, -0.0, 1e300, 5e-324, 1.0 / 3, 100000.0}),
            "[0.1,1.0,-0.0,1e+300,5e-324,0.3333333333333333,100000.0]");
}

TEST(DumpJson, DoublesRoundTrip) {
  for (const double value : {0.1, 2.0 / 3, 1.7976931348623157e308, 2.2250738585072014e-308,
                             123456789.0, 9007199254740993.0}) {
    const json again = json::parse(dump_json(json(value)));
    ASSERT_TRUE(again.is_number_float());
    const double read = again.get<double>();
    EXPECT_EQ(std::memcmp(&read, &value, sizeof(value)), 0) << value;
  }
}

TEST(DumpJson, NanAndInfinityAreNull) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(dump_json(json{std::numeric_limits<double>::quiet_NaN(), infinity, -infinity}),
            "[null,null,null]");
}

TEST(DumpJson, KeysAndTextsAreEscaped) {
  EXPECT_EQ(dump_json(json{{"a\"b", "x\n\\"}}), R"({"a\"b":"x\n\\"})");
  EXPECT_EQ(dump_json(json("é")), "\"é\"");
}

TEST(DumpJson, InvalidUtf8IsAnErrorNotAReplacement) {
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "not valid UTF-8", [] { dump_json(json("\xff")); }));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "not valid UTF-8", [] {
    dump_json(json{{"\xff", 1}});
  }));
}

TEST(ReadJson, NamesLineAndColumn) {
  const TempDir dir;
  write_file_atomic(dir / "a.json", "{\n  \"x\": 1,\n  \"y\" 2\n}\n");
  EXPECT_TRUE(
      throws_error(ErrorKind::kInput, "line 3, column 7: ", [&] { read_json(dir / "a.json"); }));
  write_file_atomic(dir / "ok.json", "{\"x\": [1.5, 2]}");
  EXPECT_EQ(read_json(dir / "ok.json")["x"][0], 1.5);
}

TEST(ReadJson, EmptyFileAndHugeNumber) {
  const TempDir dir;
  write_file_atomic(dir / "a.json", "");
  EXPECT_TRUE(
      throws_error(ErrorKind::kInput, "line 1, column 1", [&] { read_json(dir / "a.json"); }));
  write_file_atomic(dir / "a.json", "{\"x\": 1e999}");
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "a.json: ", [&] { read_json(dir / "a.json"); }));
}

TEST(ReadJson, NothingIsIgnoredAfterANulByte) {
  const TempDir dir;
  write_file_atomic(dir / "a.json", std::string("{}\0 {", 5));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "NUL byte", [&] { read_json(dir / "a.json"); }));
}

TEST(ReadJson, NestingBombIsRefused) {
  const TempDir dir;
  write_file_atomic(dir / "bomb.json", std::string(1'000'000, '['));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "nested deeper than 512",
                           [&] { read_json(dir / "bomb.json"); }));
}

TEST(JsonLines, CallsInOrderWithLineNumbers) {
  const TempDir dir;
  write_file_atomic(dir / "a.jsonl", "{\"id\":\"a\"}\n\n  \r\n{\"id\":\"b\"}\r\n{\"id\":\"c\"}");
  std::string seen;
  for_each_json_line(dir / "a.jsonl", [&](int64_t line, const json& object) {
    seen += std::to_string(line) + object["id"].get<std::string>() + " ";
  });
  EXPECT_EQ(seen, "1a 4b 5c ");
}

TEST(JsonLines, LinesLongerThanTheReadingBlock) {
  const TempDir dir;
  std::string text;
  for (int i = 0; i < 5; ++i)
    text += json{{"i", i}, {"x", std::string(700'000, 'x')}}.dump() + "\n";
  write_file_atomic(dir / "a.jsonl", text);
  int64_t count = 0;
  for_each_json_line(dir / "a.jsonl", [&](int64_t line, const json& object) {
    EXPECT_EQ(object["i"], line - 1);
    EXPECT_EQ(object["x"].get<std::string>().size(), 700'000u);
    ++count;
  });
  EXPECT_EQ(count, 5);
}

TEST(JsonLines, BadLineIsNamed) {
  const TempDir dir;
  const auto nothing = [](int64_t, const json&) {};
  write_file_atomic(dir / "a.jsonl", "{}\n{\"a\":}\n{}\n");
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "a.jsonl: line 2: ", [&] {
    for_each_json_line(dir / "a.jsonl", nothing);
  }));
  write_file_atomic(dir / "a.jsonl", "{}\n[1]\n");
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "line 2: is a JSON array, expected an object",
                           [&] { for_each_json_line(dir / "a.jsonl", nothing); }));
}

TEST(JsonLines, TornTailIsSkippedOnlyWhenAllowed) {
  const TempDir dir;
  int count = 0;
  const auto counting = [&](int64_t, const json&) { ++count; };
  write_file_atomic(dir / "a.jsonl", "{}\n{\"id\":\"to");
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "line 2",
                           [&] { for_each_json_line(dir / "a.jsonl", counting); }));
  count = 0;
  for_each_json_line(dir / "a.jsonl", counting, true);
  EXPECT_EQ(count, 1);
  write_file_atomic(dir / "a.jsonl", "{\"id\":\"to\n{}\n");
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "line 1",
                           [&] { for_each_json_line(dir / "a.jsonl", counting, true); }));
}

TEST(JsonLines, ErrorsOfTheBodyPassUnchanged) {
  const TempDir dir;
  write_file_atomic(dir / "a.jsonl", "{}\n");
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "mine", [&] {
    for_each_json_line(dir / "a.jsonl",
                       [](int64_t, const json&) { throw Error(ErrorKind::kUsage, "", "mine"); });
  }));
}

}  // namespace
}  // namespace physprobe
