#include "physprobe/report/item_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>

namespace physprobe {
namespace {

std::vector<ItemSummary> items_with_change(const std::vector<double>& changes) {
  std::vector<ItemSummary> items;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    ItemSummary item;
    item.id = "item-" + std::to_string(1000 + i);
    item.pixel_deg = 80.0;
    item.tap_deg = 80.0 + changes[i];
    items.push_back(item);
  }
  return items;
}

ReportOptions options_of(int64_t worst, int64_t best, int64_t median, int64_t random) {
  ReportOptions options;
  options.worst = worst;
  options.best = best;
  options.median = median;
  options.random = random;
  return options;
}

TEST(ItemSelection, SmallRunsAreShownWholeInTheirOrder) {
  const auto groups = select_items(items_with_change({3, 1, 2}), options_of(1, 1, 1, 1));
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].key, "all");
  EXPECT_THAT(groups[0].items, ::testing::ElementsAre(0, 1, 2));
}

TEST(ItemSelection, WorstBestAndMedianByChangeTiesById) {
  const auto groups =
      select_items(items_with_change({-5, 9, 0, -7, 9, 1, 2, -1, 3, 4}), options_of(2, 2, 2, 0));
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0].key, "best");
  EXPECT_THAT(groups[0].items, ::testing::ElementsAre(3, 0));
  EXPECT_EQ(groups[1].key, "worst");
  EXPECT_THAT(groups[1].items, ::testing::ElementsAre(1, 4));  // both +9: the smaller id first
  EXPECT_EQ(groups[2].key, "median");
  EXPECT_THAT(groups[2].items, ::testing::ElementsAre(6, 5));  // ranks 5 and 6 of 10
}

TEST(ItemSelection, NoItemTwiceAndRandomDependsOnTheSeedOnly) {
  std::vector<double> changes;
  for (int i = 0; i < 200; ++i) changes.push_back((i * 37) % 200);
  changes[5] = std::numeric_limits<double>::quiet_NaN();
  ReportOptions options = options_of(12, 12, 6, 12);
  const auto draw = [&](uint64_t seed) {
    options.seed = seed;
    return select_items(items_with_change(changes), options);
  };
  const auto first = draw(1);
  std::set<int64_t> seen;
  for (const ItemGroup& group : first) {
    for (const int64_t item : group.items) EXPECT_TRUE(seen.insert(item).second) << item;
    if (group.key != "random") {
      EXPECT_EQ(std::count(group.items.begin(), group.items.end(), 5), 0)
          << "an undefined change has no rank";
    }
  }
  EXPECT_EQ(seen.size(), 42U);
  EXPECT_EQ(draw(1)[3].items, first[3].items);
  EXPECT_NE(draw(2)[3].items, first[3].items);
  EXPECT_EQ(draw(2)[0].items, first[0].items);
}

TEST(ItemSelection, RoomGoesToOneOfEachGroupInTurn) {
  const std::vector<ItemGroup> groups = {{"best", {4, 5}}, {"worst", {1}}, {"random", {7, 8, 9}}};
  EXPECT_THAT(room_order(groups), ::testing::ElementsAre(4, 1, 7, 5, 8, 9));
}

}  // namespace
}  // namespace physprobe
