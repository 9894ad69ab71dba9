#include "physprobe/core/statistics/roc.h"

#include "physprobe/core/error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/expect_error.h"

namespace physprobe {
namespace {

TEST(Roc, CountsPairsWonAndHalfOfTies) {
  EXPECT_DOUBLE_EQ(auroc({3.0, 2.0}, {1.0, 0.0}), 1.0);
  EXPECT_DOUBLE_EQ(auroc({0.0}, {1.0, 2.0}), 0.0);
  // By hand: of the six pairs (2,2) ties, (2,1) (2,0) (1,0) are won, (1,2) is lost, (1,1) ties.
  EXPECT_DOUBLE_EQ(auroc({2.0, 1.0}, {2.0, 1.0, 0.0}), 4.0 / 6.0);
  EXPECT_DOUBLE_EQ(auroc({5.0, 5.0}, {5.0, 5.0}), 0.5);
}

TEST(Roc, PrecisionRecallAreaHasTheEndPoint) {
  EXPECT_DOUBLE_EQ(precision_recall_area({3.0, 2.0}, {1.0, 0.0}), 1.0);
  // Points (recall, precision): (0, 1), (0, 0), (1, 1/2): a first segment of no width.
  EXPECT_DOUBLE_EQ(precision_recall_area({1.0}, {2.0}), 0.25);
  // One threshold flags all: (0, 1) to (1, 1/2).
  EXPECT_DOUBLE_EQ(precision_recall_area({1.0}, {1.0}), 0.75);
}

TEST(Roc, AnEmptyClassHasNoAreaAndNanIsRefused) {
  EXPECT_TRUE(std::isnan(auroc({}, {1.0})));
  EXPECT_TRUE(std::isnan(precision_recall_area({1.0}, {})));
  EXPECT_TRUE(testing::throws_error(ErrorKind::kInput, "value 1", [] {
    auroc({1.0, std::numeric_limits<double>::quiet_NaN()}, {1.0});
  }));
}

}  // namespace
}  // namespace physprobe
