#include "physprobe/core/statistics/cluster_robust.h"

#include <cmath>

#include "core/expect_error.h"

namespace physprobe {
namespace {

TEST(ClusterRobust, SingletonsGiveTheOrdinaryError) {
  // Population variance of {0, 0, 1, 1} is 1/4; over n = 4.
  EXPECT_NEAR(cluster_robust_se({0.0, 0.0, 1.0, 1.0}, {"a", "b", "c", "d"}), 0.25, 1e-15);
}

TEST(ClusterRobust, EqualMembersCountAsOne) {
  // Sums of deviations per cluster: -1 and 1; sqrt(2) / 4.
  EXPECT_NEAR(cluster_robust_se({0.0, 0.0, 1.0, 1.0}, {"a", "a", "b", "b"}), std::sqrt(2.0) / 4.0,
              1e-15);
  EXPECT_NEAR(cluster_robust_se({0.0, 1.0, 0.0, 1.0}, {"a", "a", "b", "b"}), 0.0, 1e-15);
}

TEST(ClusterRobust, NeedsAsManyClustersAsValues) {
  EXPECT_TRUE(std::isnan(cluster_robust_se({}, {})));
  EXPECT_TRUE(
      testing::throws_error(ErrorKind::kInternal, "as many", [] { cluster_robust_se({1.0}, {}); }));
}

}  // namespace
}  // namespace physprobe
