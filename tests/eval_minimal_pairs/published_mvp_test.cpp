#include "physprobe/eval/minimal_pairs/published_mvp.h"

#include <gtest/gtest.h>

#include <numeric>

namespace physprobe {
namespace {

// The counts behind the published percentages (MVP's repository): Qwen2-VL 924, 212, 821, 448 of
// 2,862, 1,000, 4,340, 1,006 pairs; InternVL2.5 1,090, 387, 1,001, 602.
TEST(PublishedMvp, PercentagesAreMultiplesOfTheirSizes) {
  const auto checks = check_published_mvp();
  EXPECT_EQ(checks.size(), 20U);
  std::vector<int64_t> pairs_right;
  for (const PublishedCheck& check : checks) {
    EXPECT_TRUE(check.holds) << check.model << " " << check.task << " " << check.metric << ": "
                             << check.published << " against " << check.nearest;
    if (check.metric == "pair" && check.task != "group") pairs_right.push_back(check.right);
  }
  EXPECT_EQ(pairs_right, (std::vector<int64_t>{924, 212, 821, 448, 1090, 387, 1001, 602}));
}

TEST(PublishedMvp, MiniHasNineThousandPairs) {
  const auto pairs = mvp_pair_counts("mvp_mini");
  EXPECT_EQ(std::accumulate(pairs.begin(), pairs.end(), int64_t{0}), 9208);
}

}  // namespace
}  // namespace physprobe
