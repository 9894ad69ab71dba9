// What the reference wrote, number by number: aggregated runs and their tables, result tables made
// from videos at full precision, categories, identity, and what the mask codec changes.
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/physics_iq/run_aggregate.h"
#include "physprobe/eval/physics_iq/scores.h"
#include "physprobe/eval/physics_iq/table_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>

#include "eval_physics_iq/minibench.h"

namespace physprobe {
namespace {

namespace fs = std::filesystem;
using testing::golden_path;
using testing::kModelA;
using testing::kModelB;
using testing::mini_options;
using testing::minibench;
using testing::TempDir;
using Json = nlohmann::json;

// The golden README's tolerances: IoUs are ratios of integers, summed in another order; the
// reference averages squared errors in float32; scores round lists to four decimals, so that an
// error next to a tie moves a score by less than 1e-6.
constexpr double kIou = 1e-9;
constexpr double kRelativeMse = 2e-6;
constexpr double kScoreFromTable = 1e-9;
constexpr double kScoreFromVideos = 1e-6;

TEST(PhysicsIqGolden, AggregatedRunsAndTheirTables) {
  const Json golden = read_json(golden_path("physics_iq/scores/expected.json")).at("aggregate");
  const std::vector<std::string> tables = {"realistic", "realistic_run2", "realistic_run3",
                                           "realistic_run4"};
  int compared = 0;
  for (const char* type : {"verified", "original"}) {
    for (const std::size_t count : {std::size_t{1}, tables.size()}) {
      const Json& want = golden.at(std::string(type) + "_" + std::to_string(count));
      std::vector<PhysicsIqScores> runs;
      for (std::size_t i = 0; i < count; ++i)
        runs.push_back(score_physics_iq(
            read_result_table(golden_path("physics_iq/scores/" + tables[i] + ".csv"))));
      const auto scores = aggregate_runs(runs, type);
      ASSERT_EQ(scores.size(), want.at("mean").size());
      for (const AggregatedScore& score : scores) {
        EXPECT_NEAR(score.mean, want.at("mean").at(score.key).get<double>(),
                    100.0 * kScoreFromTable);
        const Json& deviation = want.at("std").at(score.key);
        if (deviation.is_null()) {
          EXPECT_TRUE(std::isnan(score.deviation)) << score.key;
        } else {
          EXPECT_NEAR(score.deviation, deviation.get<double>(), 100.0 * kScoreFromTable);
        }
        ++compared;
      }
      EXPECT_EQ(aggregate_csv(scores, "synthetic"), want.at("csv").get<std::string>());
      EXPECT_EQ(aggregate_latex(scores), want.at("latex").get<std::string>());
    }
  }
  EXPECT_EQ(compared, 20);
  const double infinite = std::numeric_limits<double>::infinity();  // a ceiling of zero
  EXPECT_EQ(aggregate_csv({{"k", "L", infinite, std::nan("")}}, ""), "L mean,L std\ninf,\n");
}

void expect_scores(const Json& actual, const Json& want, double tolerance) {
  int compared = 0;
  for (const auto& [name, value] : want.items()) {
    if (!value.is_number()) continue;
    ++compared;
    // Printed with two decimals; the others are fractions.
    EXPECT_NEAR(actual.at(name).get<double>(), value.get<double>(),
                name == "final_score_origround" ? 1e-9 : tolerance)
        << name;
  }
  EXPECT_GE(compared, 16);
}

TEST(PhysicsIqGolden, CategoriesOfTheMiniBenchmarkFromItsTables) {
  for (const std::string model : {kModelA, kModelB}) {
    SCOPED_TRACE(model);
    const Json want = read_json(minibench("expected/" + model + ".categories.json"));
    BootstrapOptions statistics;
    statistics.resamples = 99;
    const Json document = score_result_tables({minibench("expected/" + model + ".csv")},
                                              minibench("descriptions.csv"), statistics, "");
    const Json& categories = document.at("runs").at(0).at("categories");
    EXPECT_EQ(categories.size(), want.size());
    for (const auto& [category, scores] : want.items())
      expect_scores(categories.at(category), scores, kScoreFromTable);
  }
}

/// A result table as text: (scenario, column) -> cell.
std::map<std::pair<std::string, std::string>, std::string> cells(const std::string& path) {
  std::map<std::pair<std::string, std::string>, std::string> map;
  const std::vector<CsvRow> rows = parse_csv(read_file(path), path);
  for (std::size_t r = 1; r < rows.size(); ++r)
    for (std::size_t c = 1; c < rows[r].fields.size(); ++c)
      map[{rows[r].fields[0], rows[0].fields[c]}] = rows[r].fields[c];
  return map;
}

/// Both tables at full precision.
void expect_same_table(const std::string& actual_path, const std::string& expected_path) {
  const auto actual = cells(actual_path);
  const auto expected = cells(expected_path);
  ASSERT_EQ(actual.size(), expected.size());
  ASSERT_EQ(expected.size(), 4U * 36U);
  for (const auto& [key, text] : expected) {
    SCOPED_TRACE(key.first + " " + key.second);
    const Json want = Json::parse(text);
    const Json got = Json::parse(actual.at(key));
    const bool is_mse = key.second.find("mse") != std::string::npos;
    const auto expect_number = [&](double a, double b) {
      EXPECT_NEAR(a, b, is_mse ? kRelativeMse * std::abs(b) : kIou);
    };
    ASSERT_EQ(got.is_array(), want.is_array());
    if (!want.is_array()) {
      expect_number(got.get<double>(), want.get<double>());
      continue;
    }
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < want.size(); ++i)
      expect_number(got[i].get<double>(), want[i].get<double>());
  }
}

/// Scenario and view, then numbers ("inf" occurs).
void expect_same_sample_scores(const std::string& actual_path, const std::string& expected_path) {
  const auto actual = parse_csv(read_file(actual_path), actual_path);
  const auto expected = parse_csv(read_file(expected_path), expected_path);
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t r = 0; r < expected.size(); ++r) {
    ASSERT_EQ(actual[r].fields.size(), expected[r].fields.size());
    for (std::size_t c = 0; c < expected[r].fields.size(); ++c) {
      const std::string& want = expected[r].fields[c];
      if (r == 0 || want.empty() || std::isdigit(static_cast<unsigned char>(want[0])) == 0) {
        EXPECT_EQ(actual[r].fields[c], want);
        continue;
      }
      // From videos: a rounded list value may differ by 1e-4 in one frame of a clip.
      const double value = std::stod(want);
      EXPECT_NEAR(std::stod(actual[r].fields[c]), value,
                  kScoreFromVideos * std::max(1.0, std::abs(value)))
          << expected[0].fields[c];
    }
  }
}

TEST(PhysicsIqGoldenSlow, TablesOfBothModelsFromVideosAtFullPrecision) {
  if (!has_mask_codec()) GTEST_SKIP() << "OpenCV has no videoio here";
  const TempDir dir;
  PhysicsIqOptions options = mini_options(dir / "mp4v", {kModelA, kModelB});
  options.cache = dir / "cache";
  evaluate_physics_iq(options);
  for (const std::string model : {kModelA, kModelB}) {
    SCOPED_TRACE(model);
    const std::string own = dir / ("mp4v/results/" + model);
    const std::string golden = minibench("expected/" + model);
    expect_same_table(own + ".csv", golden + ".csv");
    expect_scores(read_json(own + "_metrics.json"), read_json(golden + "_metrics.json"),
                  kScoreFromVideos);
    expect_same_sample_scores(own + ".samples.csv", golden + ".samples.csv");
    expect_same_sample_scores(own + ".scenarios.csv", golden + ".scenarios.csv");
    const Json categories = read_json(own + ".categories.json");
    const Json golden_categories = read_json(golden + ".categories.json");
    for (const auto& [category, scores] : golden_categories.items())
      expect_scores(categories.at(category), scores, kScoreFromVideos);
  }
}

TEST(PhysicsIqGoldenSlow, DirectMasksAndWhatTheCodecChanges) {
  if (!has_mask_codec()) GTEST_SKIP() << "OpenCV has no videoio here";
  const TempDir dir;
  PhysicsIqOptions options = mini_options(dir / "mp4v", {kModelA, kModelB});
  options.cache = dir / "cache";
  evaluate_physics_iq(options);
  options.out = dir / "direct";
  options.mask_path = MaskPath::kDirect;
  evaluate_physics_iq(options);
  const Json pathways = read_json(minibench("expected/pathways.json"));
  for (const std::string model : {kModelA, kModelB}) {
    SCOPED_TRACE(model);
    const std::string direct = dir / ("direct/results/" + model + ".csv");
    expect_same_table(direct, minibench("expected/" + model + ".no_mask_codec.csv"));
    const Json& want = pathways.at(model).at("no_mask_codec");
    expect_scores(read_json(dir / ("direct/results/" + model + "_metrics.json")), want,
                  kScoreFromVideos);
    // The largest deviation between both paths, over frames, scenes and views.
    const auto with_codec = cells(dir / ("mp4v/results/" + model + ".csv"));
    std::map<std::string, double> deviations;
    for (const auto& [key, text] : cells(direct)) {
      const std::string metric = key.second.substr(0, key.second.find("_perspective"));
      const Json a = Json::parse(text);
      const Json b = Json::parse(with_codec.at(key));
      for (std::size_t i = 0; i < (a.is_array() ? a.size() : 1); ++i) {
        const double difference = a.is_array() ? a[i].get<double>() - b[i].get<double>()
                                               : a.get<double>() - b.get<double>();
        deviations[metric] = std::max(deviations[metric], std::abs(difference));
      }
    }
    for (const auto& [metric, value] : want.at("max_abs_deviation_from_official").items())
      EXPECT_NEAR(deviations.at(metric), value.get<double>(), kIou) << metric;
  }
}

TEST(PhysicsIqGoldenSlow, ARealTakeAsTheModel) {
  if (!has_mask_codec()) GTEST_SKIP() << "OpenCV has no videoio here";
  const TempDir dir;
  const Json golden = read_json(minibench("expected/identity.json"));
  for (const std::string rate : {"15FPS", "30FPS"}) {
    for (const int take : {1, 2}) {
      const std::string name = rate + (take == 1 ? "" : "_take2_as_generated");
      SCOPED_TRACE(name);
      fs::create_directories(dir / name);
      const std::string real =
          minibench("physics-IQ-benchmark-verified/split-videos/testing/" + rate);
      for (const auto& entry : fs::directory_iterator(real)) {
        const std::string file = entry.path().filename().string();
        const int id = std::stoi(file.substr(0, 4)) - (take == 1 ? 0 : 198);
        if (id < 1 || id > 12) continue;
        std::string digits = std::to_string(id);
        digits.insert(0, 4 - digits.size(), '0');
        fs::copy_file(entry.path(), dir / (name + "/" + digits + "_x.mp4"));
      }
      PhysicsIqOptions options = mini_options(dir / (name + "-out"), {});
      options.plan.generated = {dir / name};
      options.cache = dir / "cache";
      evaluate_physics_iq(options);
      // The stated tolerance; equal frames leave no error that float32 could change.
      expect_scores(testing::run_scores(options.out), golden.at(name),
                    take == 1 ? kScoreFromTable : kScoreFromVideos);
    }
  }
}

}  // namespace
}  // namespace physprobe
