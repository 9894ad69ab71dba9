#include "physprobe/datasets/item_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace physprobe {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

DatasetItem item(int64_t line, const std::string& id) {
  DatasetItem made;
  made.id = id;
  made.path = "/data/" + id;
  made.relative_path = id;
  made.line = line;
  return made;
}

std::vector<std::string> problems(std::vector<DatasetItem> items) {
  DatasetListing listing;
  listing.items = std::move(items);
  check_items(listing);
  std::vector<std::string> texts;
  for (const DatasetProblem& problem : listing.problems) {
    texts.push_back(std::to_string(problem.line) + ": " + problem.text);
  }
  return texts;
}

TEST(ItemChecks, RefusesDuplicateIds) {
  EXPECT_THAT(problems({item(2, "a"), item(3, "b"), item(4, "a")}),
              ElementsAre("4: the id 'a' is taken already, by line 2"));
}

TEST(ItemChecks, RefusesCaseTwinsWithTheReason) {
  EXPECT_THAT(problems({item(2, "Clip"), item(3, "clip")}),
              ElementsAre("3: the id 'clip' differs from 'Clip' (line 2) only in upper and lower "
                          "case; rename one"));
  EXPECT_THAT(problems({item(2, "\xC3\x89t\xC3\xA9"), item(3, "\xC3\xA9t\xC3\xA9")}),
              ElementsAre(HasSubstr("only in upper and lower case")));
}

TEST(ItemChecks, RefusesUnicodeNormalisationTwinsWithTheReason) {
  EXPECT_THAT(problems({item(2, "caf\xC3\xA9"), item(3, "cafe\xCC\x81")}),
              ElementsAre(HasSubstr("only in the Unicode spelling of the same letters")));
}

TEST(ItemChecks, KeepsDifferentAccentsApart) {
  EXPECT_THAT(problems({item(2, "caf\xC3\xA9"), item(3, "caf\xC3\xA8"), item(4, "cafe")}),
              IsEmpty());
}

TEST(ItemChecks, RefusesIdsWithControlCharactersAndOuterSpaces) {
  EXPECT_THAT(problems({item(2, "a\nb"), item(3, " c"), item(4, "d "), item(5, "e f")}),
              ElementsAre(HasSubstr("2: the id of"), HasSubstr("3: the id ' c'"),
                          HasSubstr("4: the id 'd '")));
}

TEST(ItemChecks, APairHasExactlyTwoMembers) {
  std::vector<DatasetItem> items;
  for (int64_t line = 2; line < 8; ++line) items.push_back(item(line, std::to_string(line)));
  items[0].pair = items[1].pair = "good";
  items[2].pair = "alone";
  items[3].pair = items[4].pair = items[5].pair = "three";
  EXPECT_THAT(problems(items),
              ElementsAre("4: the pair 'alone' has 1 member; expected exactly two",
                          "7: the pair 'three' has 3 members; expected exactly two"));
}

TEST(ItemChecks, OneVideoHasOneLabel) {
  std::vector<DatasetItem> items = {item(2, "a"), item(3, "b"), item(4, "c"), item(5, "d")};
  for (DatasetItem& made : items) made.path = "/data/same.mp4";
  items[0].label = "real";
  items[1].label = "fake";
  items[2].label = "fake";
  items[2].start_seconds = 1.0;  // another stretch of the file may differ
  EXPECT_THAT(problems(items), ElementsAre(AllOf(HasSubstr("3: "), HasSubstr("'fake'"),
                                                 HasSubstr("'real'"), HasSubstr("line 2"))));
}

}  // namespace
}  // namespace physprobe
