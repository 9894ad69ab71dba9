#include "physprobe/eval/voe/sweep_null.h"

#include <gtest/gtest.h>

namespace physprobe {
namespace {

TEST(SweepNull, OneRowIsAFairCoinAPair) {
  const SweepNull null = sweep_null({std::vector<int8_t>(40, 1)}, 4000, 7);
  EXPECT_DOUBLE_EQ(null.best, 100.0);
  // The mean of 4,000 draws of Bin(40, 1/2) / 40 has a standard error of 0.125 points; five of
  // them.
  EXPECT_NEAR(null.null_mean, 50.0, 0.625);
  EXPECT_DOUBLE_EQ(null.p, 1.0 / 4001.0) << "no draw gives 40 of 40";
}

TEST(SweepNull, MoreRowsReachMoreByChanceUnlessTheyAgree) {
  std::vector<int8_t> first, second;
  for (int i = 0; i < 64; ++i) {
    first.push_back(i % 2 == 0 ? 1 : -1);
    second.push_back(i % 4 < 2 ? 1 : -1);
  }
  const SweepNull one = sweep_null({first}, 2000, 1);
  const SweepNull same = sweep_null({first, first}, 2000, 1);
  const SweepNull other = sweep_null({first, second}, 2000, 1);
  EXPECT_DOUBLE_EQ(one.null_mean, same.null_mean) << "two equal rows are one";
  EXPECT_GT(other.null_mean, one.null_mean);
  EXPECT_EQ(other.best_row, 0U) << "the first of equals";
  EXPECT_GT(other.p, 0.5) << "50 % is what chance gives";
}

TEST(SweepNull, TiesAreNeverRight) {
  const SweepNull null = sweep_null({std::vector<int8_t>(10, 0)}, 100, 1);
  EXPECT_DOUBLE_EQ(null.best, 0.0);
  EXPECT_DOUBLE_EQ(null.null_mean, 0.0);
  EXPECT_DOUBLE_EQ(null.p, 1.0);
}

}  // namespace
}  // namespace physprobe
