#include "physprobe/eval/physics_iq/scores.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"

#include "support/golden.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace physprobe {
namespace {

using testing::golden_path;
using Json = nlohmann::json;

// Means are summed in another order than the reference's: 1e-9 is the stated tolerance, far above
// the rounding of sums of a few thousand terms.
constexpr double kTolerance = 1e-9;

double number(const Json& value) {
  if (value.is_string()) {
    const auto text = value.get<std::string>();
    if (text == "inf") return std::numeric_limits<double>::infinity();
    return std::numeric_limits<double>::quiet_NaN();
  }
  return value.get<double>();
}

void expect_same(double actual, double expected, const std::string& what) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(actual)) << what << " is " << actual;
  } else if (std::isinf(expected)) {
    EXPECT_EQ(actual, expected) << what;
  } else {
    EXPECT_NEAR(actual, expected, kTolerance * std::max(1.0, std::abs(expected))) << what;
  }
}

void expect_scores(const PhysicsIqScores& scores, const Json& expected, const std::string& what) {
  int compared = 0;
  for (const auto& [name, value] : scores.entries()) {
    if (!expected.contains(name)) continue;
    ++compared;
    if (name == "final_score_origround") {
      const double want = number(expected.at(name));
      // Two decimals exactly: the sums are taken in the reference's order.
      if (std::isnan(want)) {
        EXPECT_TRUE(std::isnan(value)) << what;
      } else {
        EXPECT_EQ(value, want) << what;
      }
    } else {
      expect_same(value, number(expected.at(name)), what + " " + name);
    }
  }
  EXPECT_GE(compared, 16) << what;
}

void expect_table(const std::string& actual_csv, const std::string& expected_path) {
  const auto actual = parse_csv(actual_csv, "actual");
  const auto expected = parse_csv(read_file(expected_path), expected_path);
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t r = 0; r < expected.size(); ++r) {
    ASSERT_EQ(actual[r].fields.size(), expected[r].fields.size());
    for (std::size_t c = 0; c < expected[r].fields.size(); ++c) {
      const std::string& want = expected[r].fields[c];
      const std::string& got = actual[r].fields[c];
      const bool is_number = r > 0 && !want.empty() && (std::isdigit(want[0]) != 0);
      if (is_number) {
        expect_same(std::stod(got), std::stod(want), expected_path + " " + expected[0].fields[c]);
      } else {
        EXPECT_EQ(got, want) << expected_path;
      }
    }
  }
}

std::string table_path(const std::string& name) {
  return golden_path("physics_iq/scores/" + name + ".csv");
}

TEST(PhysicsIqScores, EveryGoldenTable) {
  const Json expected = read_json(golden_path("physics_iq/scores/expected.json"));
  int scored = 0;
  for (const auto& [name, entry] : expected.items()) {
    if (!entry.contains("metrics")) continue;
    const ResultTable table = read_result_table(table_path(name));
    Json numbers = entry.at("metrics");
    numbers["final_score_origround"] = entry.at("final_score_origround");
    expect_scores(score_physics_iq(table), numbers, name);
    expect_same(historical_score(table).physical_variance_all_metrics,
                number(entry.at("physical_variance_all_metrics")), name + " physical variance");
    expect_table(format_sample_scores(sample_scores(table)),
                 golden_path("physics_iq/scores/" + name + ".samples.csv"));
    expect_table(format_sample_scores(scene_scores(table)),
                 golden_path("physics_iq/scores/" + name + ".scenarios.csv"));
    ++scored;
  }
  EXPECT_EQ(scored, 10);
}

TEST(PhysicsIqScores, BadTablesAreRefusedAndSomeKeepTheHistoricalScore) {
  const Json expected = read_json(golden_path("physics_iq/scores/expected.json"));
  int refused = 0;
  for (const auto& [name, entry] : expected.items()) {
    if (!entry.contains("metrics_error")) continue;
    ++refused;
    try {
      score_physics_iq(read_result_table(table_path(name)));
      ADD_FAILURE() << name << " was scored";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput) << name;
      EXPECT_NE(std::string(error.what()).find(name + ".csv"), std::string::npos) << error.what();
    }
    if (entry.contains("final_score_origround")) {
      EXPECT_EQ(historical_score(read_result_table(table_path(name))).final_score_origround,
                number(entry.at("final_score_origround")))
          << name;
    } else {
      EXPECT_THROW(historical_score(read_result_table(table_path(name))), Error) << name;
    }
  }
  EXPECT_EQ(refused, 7);
}

TEST(PhysicsIqScores, CategoriesAreTheTableRestrictedToTheirScenes) {
  const Json expected =
      read_json(golden_path("physics_iq/scores/expected.json")).at("realistic.by_category");
  const Json categories = read_json(golden_path("physics_iq/scores/realistic.categories.json"));
  const ResultTable table = read_result_table(table_path("realistic"));
  for (const auto& [category, numbers] : expected.items()) {
    const ResultTable part = select_rows(table, [&, name = category](const std::string& scenario) {
      return categories.at(scenario) == name;
    });
    EXPECT_EQ(part.rows.size(), numbers.at("n_scenarios").get<std::size_t>());
    expect_scores(score_physics_iq(part), numbers, category);
  }
}

TEST(PhysicsIqScores, MiniBenchmarkTables) {
  for (const char* model : {"model-a-bpp-run_01", "model-b-op-run_01"}) {
    const std::string base = golden_path(std::string("physics_iq/minibench/expected/") + model);
    const ResultTable table = read_result_table(base + ".csv");
    expect_scores(score_physics_iq(table), read_json(base + "_metrics.json"), model);
    expect_table(format_sample_scores(sample_scores(table)), base + ".samples.csv");
    expect_table(format_sample_scores(scene_scores(table)), base + ".scenarios.csv");
  }
}

TEST(PhysicsIqScores, TheTableIsWrittenAsItWasRead) {
  const std::string path = golden_path("physics_iq/minibench/expected/model-a-bpp-run_01.csv");
  const ResultTable table = read_result_table(path);
  // Lists come back rounded, so the second reading must agree with the first.
  const std::string text = format_result_table(table);
  EXPECT_EQ(format_result_table(parse_result_table(text, "again")), text);
  EXPECT_EQ(text.substr(0, text.find('\n')), read_file(path).substr(0, read_file(path).find('\n')));
}

TEST(PhysicsIqScores, ListsAreRoundedAndWordsSkipped) {
  EXPECT_EQ(parse_metric_list("[1.0, 2.5e-05, nan, -.00015, +3]", "cell"),
            (std::vector<double>{1.0, 0.0, -0.0001, 3.0}));
  // 0.00015 and 0.00025 are not ties in binary; the exact value decides.
  EXPECT_EQ(parse_metric_list("[0.00015, 0.00025]", "cell"), (std::vector<double>{0.0001, 0.0003}));
  EXPECT_THROW(parse_metric_list("1.0, 2.0", "cell"), Error);
  EXPECT_THROW(parse_metric_list("[]", "cell"), Error);
  EXPECT_THROW(parse_metric_list("", "cell"), Error);
}

TEST(PhysicsIqScores, RoundingScalesAsNumpyDoes) {
  EXPECT_EQ(round_scaled(2.675, 2), 2.68);  // the nearest double lies below: "%.2f" gives 2.67
  EXPECT_EQ(round_scaled(0.00005, 4), 0.0);
  EXPECT_TRUE(std::isnan(round_scaled(std::nan(""), 2)));
}

}  // namespace
}  // namespace physprobe
