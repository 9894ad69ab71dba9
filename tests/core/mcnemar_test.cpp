#include "physprobe/core/statistics/mcnemar.h"

#include "physprobe/core/json_lines.h"

#include "support/golden.h"

#include <nlohmann/json.hpp>

#include "core/expect_error.h"

namespace physprobe {
namespace {

// Golden: independent scipy, README tolerance 1e-10 relative to max(1, |expected|).
TEST(McNemar, MatchesTheGolden) {
  const auto golden =
      read_json(testing::golden_path("alignment/error_consistency.json")).at("mcnemar");
  ASSERT_EQ(golden.size(), 6U);
  for (const auto& [pair, expected] : golden.items()) {
    const McNemarTest test = mcnemar_test(expected.at("b_only_first_correct").get<int64_t>(),
                                          expected.at("c_only_second_correct").get<int64_t>());
    EXPECT_NEAR(test.exact_p, expected.at("exact_two_sided_p").get<double>(), 1e-10) << pair;
    EXPECT_NEAR(test.mid_p, expected.at("mid_p").get<double>(), 1e-10) << pair;
    EXPECT_NEAR(test.chi_squared, expected.at("chi2_corrected").get<double>(), 1e-10) << pair;
    EXPECT_NEAR(test.chi_squared_p, expected.at("chi2_p").get<double>(), 1e-10) << pair;
  }
}

TEST(McNemar, EqualCountsGiveOne) {
  EXPECT_EQ(mcnemar_test(7, 7).mid_p, 1.0);
  EXPECT_EQ(mcnemar_test(7, 7).exact_p, 1.0);
  EXPECT_EQ(mcnemar_test(0, 0).chi_squared_p, 1.0);
}

TEST(McNemar, IsSymmetric) {
  EXPECT_EQ(mcnemar_test(3, 12).exact_p, mcnemar_test(12, 3).exact_p);
  EXPECT_EQ(mcnemar_test(3, 12).mid_p, mcnemar_test(12, 3).mid_p);
  EXPECT_TRUE(testing::throws_error(ErrorKind::kInternal, "negative", [] { mcnemar_test(-1, 2); }));
}

}  // namespace
}  // namespace physprobe
