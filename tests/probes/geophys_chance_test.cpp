#include "physprobe/probes/geophys_chance.h"

#include "physprobe/core/json_lines.h"

#include "support/golden.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <numeric>

#include "probes/probe_fixtures.h"

namespace physprobe {
namespace {

using testing::expect_error;

TEST(GeophysChanceGolden, Tables) {
  const auto golden = read_json(testing::golden_path("geophys/chance.json"));
  int rows = 0;
  for (const auto& [members, expected] : golden.at("any_right_independent").items()) {
    EXPECT_NEAR(any_right_chance(std::stoll(members)), expected.get<double>(), 1e-9);
    ++rows;
  }
  for (const auto& [key, expected] : golden.at("majority_independent").items()) {
    const size_t comma = key.find(',');
    const int64_t members = std::stoll(key.substr(2, comma - 2));
    const double accuracy = std::stoi(key.substr(key.find('.') + 1)) /
                            std::pow(10.0, static_cast<double>(key.size() - key.find('.') - 1));
    EXPECT_NEAR(majority_chance(members, accuracy), expected.get<double>(), 1e-9) << key;
    ++rows;
  }
  for (const auto& row : golden.at("best_of_M_q95")) {
    const auto best =
        best_of_signals_chance(row.at("signals").get<int64_t>(), row.at("pairs").get<int64_t>());
    EXPECT_NEAR(best.expected_maximum, row.at("expected_max").get<double>(), 1e-9) << row.dump();
    EXPECT_NEAR(best.quantile_95, row.at("q95_max").get<double>(), 1e-9) << row.dump();
    ++rows;
  }
  EXPECT_EQ(rows, 7 + 12 + 16);
}

TEST(BinomialDistribution, SumsToOneAndMatchesSmallCases) {
  const auto two = binomial_distribution(2, 0.25);
  EXPECT_NEAR(two[0], 0.5625, 1e-15);
  EXPECT_NEAR(two[1], 0.375, 1e-15);
  EXPECT_NEAR(two[2], 0.0625, 1e-15);
  EXPECT_EQ(binomial_distribution(0, 0.3), (std::vector<double>{1.0}));
  EXPECT_EQ(binomial_distribution(2, 0.0), (std::vector<double>{1.0, 0.0, 0.0}));
  EXPECT_EQ(binomial_distribution(2, 1.0), (std::vector<double>{0.0, 0.0, 1.0}));
  for (const double p : {1e-6, 0.3, 0.999}) {
    const auto many = binomial_distribution(100000, p);
    EXPECT_NEAR(std::accumulate(many.begin(), many.end(), 0.0), 1.0, 1e-12);
  }
}

TEST(SignTest, ByHand) {
  EXPECT_EQ(sign_test_two_sided(0, 0), 1.0);
  EXPECT_EQ(sign_test_two_sided(3, 3), 1.0);
  EXPECT_NEAR(sign_test_two_sided(10, 0), std::exp2(-9), 1e-15);
  EXPECT_NEAR(sign_test_two_sided(2, 12), 2.0 * (1 + 14 + 91) / 16384.0, 1e-15);
}

TEST(GeophysChance, WrongInputIsRefused) {
  expect_error(ErrorKind::kUsage, "members", [] { any_right_chance(0); });
  expect_error(ErrorKind::kUsage, "members", [] { majority_chance(0, 0.5); });
  expect_error(ErrorKind::kUsage, "p in [0, 1]", [] { majority_chance(3, std::nan("")); });
  expect_error(ErrorKind::kUsage, "signals", [] { best_of_signals_chance(0, 5); });
  expect_error(ErrorKind::kUsage, "pairs", [] { best_of_signals_chance(5, 0); });
}

}  // namespace
}  // namespace physprobe
