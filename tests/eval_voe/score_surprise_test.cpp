#include "physprobe/eval/voe/score_surprise.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::throws_error;
using Json = nlohmann::ordered_json;

/// The golden README's tolerance of metrics, percent: the reference computes accuracies in float32.
constexpr double kPercent = 1e-4;

class GoldenSurprise : public ::testing::Test {
 protected:
  const nlohmann::json golden_ = read_json(testing::golden_path("voe/metrics_expected.json"));
  const std::string arrays_path_ = testing::golden_path("voe/metrics_arrays.safetensors");
  testing::TempDir dir_;
  ModelProblems problems_;

  /// The i-th possible row of the reference's arrays pairs with the i-th impossible one.
  std::string manifest(const std::string& name) const {
    const at::Tensor labels = read_safetensors(arrays_path_).at(name + ".labels");
    std::map<bool, int> counts;
    std::string text = "id,label,pair\n";
    for (int64_t i = 0; i < labels.size(0); ++i) {
      const bool is_possible = labels[i].item<float>() == 1.0F;
      text += fmt::format("v{},{},p{}\n", i, is_possible ? "possible" : "impossible",
                          counts[is_possible]++);
    }
    const std::string path = dir_ / (name + ".csv");
    write_file_atomic(path, text);
    return path;
  }

  SurpriseArrays arrays(const std::string& name, SurpriseArrayOptions options) const {
    options.manifest = manifest(name);
    return read_surprise_arrays(arrays_path_ + ":" + name + ".losses", options);
  }

  Json score(const SurpriseArrays& arrays, const SurpriseScoreOptions& options = {}) {
    return score_surprise({arrays}, options, nullptr, problems_);
  }
};

TEST_F(GoldenSurprise, EveryTableOfTheReleasedMetricFunction) {
  for (const char* name : {"intphys_like", "grasp_like_ties", "ragged_zero_padded", "small_n10"}) {
    SurpriseArrayOptions options;
    options.padding = WindowPadding::kCounted;  // as the reference
    options.contexts =
        golden_.at("cases").at(name).at("context_lengths").get<std::vector<int64_t>>();
    const Json results = score(arrays(name, options));
    EXPECT_TRUE(problems_.empty()) << name;
    const auto& expected = golden_.at("cases").at(name).at("rows");
    const Json& property = results.at("models")[0].at("properties").at("all");
    const Json& rows = property.at("rows");
    ASSERT_EQ(rows.size(), expected.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto near = [&](const Json& value, const char* key, double tolerance) {
        EXPECT_NEAR(value.get<double>(), expected[i].at(key).get<double>(), tolerance)
            << name << ' ' << rows[i].at("row") << ' ' << key;
      };
      near(rows[i].at("relative_accuracy_mean").at("value"), "Relative Accuracy (avg)", kPercent);
      near(rows[i].at("relative_accuracy_maximum").at("value"), "Relative Accuracy (max)",
           kPercent);
      near(rows[i].at("absolute_accuracy"), "Absolute Accuracy (max)", kPercent);
      near(rows[i].at("best_absolute_accuracy"), "Best Absolute Accuracy (max)", kPercent);
      // Surprises are float32 there: a rounding of 6e-8 of about 0.6.
      near(rows[i].at("threshold"), "Classifier threhshold", 1e-6);
      near(rows[i].at("best_threshold"), "Best Classifier threhshold", 1e-6);
      // Shares of pairs: a tie that float32 sums make or break moves one by 1 / P^2 = 3e-4 at most.
      near(rows[i].at("auroc_mean"), "AUROC (avg)", 1e-6);
      near(rows[i].at("auroc_maximum"), "AUROC (max)", 1e-6);
      near(rows[i].at("auprc_mean"), "AUPRC (avg)", 1e-6);
      near(rows[i].at("auprc_maximum"), "AUPRC (max)", 1e-6);
    }
    EXPECT_NEAR(property.at("sweep").at("best").get<double>(),
                golden_.at("cases").at(name).at("headline_max_over_rows").get<double>(), kPercent);
    EXPECT_NEAR(results.at("models")[0].at("headline").at("filtered").get<double>(),
                golden_.at("cases").at(name).at("filtered").get<double>(), kPercent);
  }
}

TEST_F(GoldenSurprise, ThreePairsGetANumberWhereTheReferenceFails) {
  SurpriseArrayOptions counted;
  counted.padding = WindowPadding::kCounted;  // some of its surprises are 0
  const Json results = score(arrays("hand6", counted));
  const Json& row = results.at("models")[0].at("properties").at("all").at("rows")[0];
  const auto& expected = golden_.at("cases").at("hand6");
  EXPECT_NEAR(row.at("relative_accuracy_mean").at("value").get<double>(),
              expected.at("relative_accuracy_avg").get<double>(), kPercent);
  EXPECT_NEAR(row.at("relative_accuracy_maximum").at("value").get<double>(),
              expected.at("relative_accuracy_max").get<double>(), kPercent);
  EXPECT_NEAR(row.at("auroc_mean").get<double>(), expected.at("auroc_avg").get<double>(), 1e-12);
  EXPECT_NEAR(row.at("auroc_maximum").get<double>(), expected.at("auroc_max").get<double>(), 1e-12);
  EXPECT_TRUE(row.at("absolute_accuracy").is_number()) << "the threshold is the largest one";
}

TEST_F(GoldenSurprise, PaddingIsMaskedUnlessTheReferenceIsAskedFor) {
  SurpriseArrayOptions counted;
  counted.padding = WindowPadding::kCounted;
  const SurpriseArrays masked = arrays("ragged_zero_padded", {});
  const SurpriseArrays zeros = arrays("ragged_zero_padded", counted);
  EXPECT_GT(masked.padded_windows, 0);
  bool any = false;
  for (std::size_t i = 0; i < masked.set.items.size(); ++i) {
    const auto mean = [&](const SurpriseArrays& from) {
      return pooled_curve(from.set.items[i].curves[0], SurprisePooling::kMean);
    };
    EXPECT_GE(mean(masked), mean(zeros)) << "zeros make an average smaller";
    any = any || mean(masked) > mean(zeros);
  }
  EXPECT_TRUE(any);
  const Json results = score(masked);
  EXPECT_NE(results.at("notes").dump().find("padding"), std::string::npos);
}

SurpriseArrays of_items(const std::vector<SurpriseItem>& items) {
  SurpriseArrays arrays;
  arrays.set = {"m", {"m.safetensors"}, {2, 4}, items};
  return arrays;
}

SurpriseItem item(const std::string& id, const std::string& pair, bool is_possible, double level) {
  return {id, pair, "all", is_possible, {{level, level + 0.1}, {level, level}}, "", 0.0};
}

TEST(ScoreSurprise, PairsThatAreNoneAreListedAndLeftOut) {
  SurpriseItem longer = item("e2", "e", false, 2.0);
  for (auto& curve : longer.curves) curve.push_back(2.0);
  const SurpriseArrays arrays =
      of_items({item("a1", "a", true, 1.0), item("a2", "a", false, 2.0), item("b1", "b", true, 1.0),
                item("c1", "c", true, 1.0), item("c2", "c", true, 1.0), item("d1", "d", true, 1.0),
                item("d2", "d", false, 1.0), item("d3", "d", false, 1.0),
                item("e1", "e", true, 1.0), longer});
  ModelProblems problems;
  const Json results = score_surprise({arrays}, {}, nullptr, problems);
  EXPECT_EQ(results.at("models")[0].at("properties").at("all").at("n_pairs"), 1);
  std::map<std::string, std::string> kinds;
  for (const auto& [model, problem] : problems) kinds[problem.kind] = problem.id;
  const std::map<std::string, std::string> expected = {{"no partner", "b"},
                                                       {"label contradiction", "c"},
                                                       {"more than two members", "d"},
                                                       {"different lengths", "e"}};
  EXPECT_EQ(kinds, expected);
}

TEST(ScoreSurprise, TheFixedContextIsTheHeadline) {
  const SurpriseArrays arrays = of_items({item("a1", "a", true, 1.0), item("a2", "a", false, 2.0)});
  ModelProblems problems;
  SurpriseScoreOptions options;
  options.fixed_context = 4;
  const Json results = score_surprise({arrays}, options, nullptr, problems);
  EXPECT_EQ(results.at("kinds").back().at("name"), "context 4");
  EXPECT_EQ(results.at("scores").back().at("value"), 100.0);
  options.fixed_context = 3;
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "--fixed-context",
                           [&] { score_surprise({arrays}, options, nullptr, problems); }));
}

}  // namespace
}  // namespace physprobe
