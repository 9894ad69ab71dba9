#include "physprobe/datasets/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datasets/dataset_folder.h"

namespace physprobe {
namespace {

using ::testing::AllOf;
using testing::DatasetFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ids_of;
using testing::problems_of;

std::vector<std::string> problems_in(const std::string& text) {
  DatasetFolder folder;
  folder.add("a.mp4").add("list.jsonl", text);
  return problems_of(folder / "list.jsonl");
}

TEST(JsonManifest, ReadsOneObjectALine) {
  DatasetFolder folder;
  folder.add("a.mp4").add("b.mp4");
  folder.add("list.jsonl",
             "\xEF\xBB\xBF{\"id\":\"one\",\"path\":\"a.mp4\",\"label\":\"real\",\"start_seconds\":"
             "0.5,\"stop_seconds\":\"1.5\",\"n\":3}\r\n"
             "\n"
             "{\"path\":\"b.mp4\",\"group\":null,\"meta\":{\"k\":[1,\"x\"]},\"ok\":true}");
  const Dataset dataset = load_dataset(folder / "list.jsonl");
  EXPECT_THAT(ids_of(dataset), ElementsAre("one", "b"));
  EXPECT_EQ(dataset.items[0].start_seconds, 0.5);
  EXPECT_EQ(dataset.items[0].stop_seconds, 1.5);
  EXPECT_EQ(dataset.items[0].attributes.at("n"), "3");
  EXPECT_EQ(dataset.items[1].line, 3);
  EXPECT_EQ(dataset.items[1].group, "");
  EXPECT_EQ(dataset.items[1].attributes.at("meta"), "{\"k\":[1,\"x\"]}");
  EXPECT_EQ(dataset.items[1].attributes.at("ok"), "true");
}

TEST(JsonManifest, KeepsTheSpellingOfNumbers) {
  DatasetFolder folder;
  folder.add("a.mp4").add("list.jsonl",
                          "{\"id\":1e3,\"path\":\"a.mp4\",\"x\":0.10}\n"
                          "{\"id\":1000,\"path\":\"a.mp4\"}\n"
                          "{\"id\":\"007\",\"path\":\"a.mp4\"}\n");
  const Dataset dataset = load_dataset(folder / "list.jsonl");
  EXPECT_THAT(ids_of(dataset), ElementsAre("1e3", "1000", "007"));
  EXPECT_EQ(dataset.items[0].attributes.at("x"), "0.10");
}

TEST(JsonManifest, ReportsEveryBrokenLine) {
  EXPECT_THAT(
      problems_in("{\"path\":\"a.mp4\"\n"
                  "[1]\n"
                  "7\n"
                  "{\"path\":\"a.mp4\",\"path\":\"b.mp4\"}\n"
                  "{\"label\":\"x\",\"file\":\"a.mp4\"}\n"
                  "{\"path\":[\"a.mp4\"]}\n"
                  "{\"id\":007,\"path\":\"a.mp4\"}\n"
                  "{\"path\":null}\n"
                  "{\"path\":\"a.mp4\"} x\n"),
      ElementsAre(HasSubstr("1: is not valid JSON"), HasSubstr("2: is not a JSON object"),
                  HasSubstr("3: is not a JSON object"), HasSubstr("4: the key 'path' occurs twice"),
                  AllOf(HasSubstr("5: no column 'path'"), HasSubstr("'label', 'file'")),
                  HasSubstr("6: 'path' is [\"a.mp4\"]; expected text"),
                  HasSubstr("7: is not valid JSON"), HasSubstr("8: the path is empty"),
                  HasSubstr("9: is not valid JSON")));
}

TEST(JsonManifest, RefusesAnArrayAsAWhole) {
  EXPECT_THAT(problems_in("[\n{\"path\":\"a.mp4\"}\n]\n"),
              ElementsAre(HasSubstr("1: is one JSON array; expected one object a line")));
}

TEST(JsonManifest, RefusesNestingBombs) {
  const std::string bomb = "{\"path\":\"a.mp4\",\"x\":" + std::string(200'000, '[') + "\n";
  EXPECT_THAT(problems_in(bomb), ElementsAre("1: nests more than 64 levels deep"));
}

TEST(JsonManifest, SameKeyInsideANestedValueIsNoDouble) {
  EXPECT_THAT(problems_in("{\"path\":\"a.mp4\",\"meta\":{\"path\":1}}\n"), ElementsAre());
}

}  // namespace
}  // namespace physprobe
