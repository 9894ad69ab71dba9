#include "physprobe/core/statistics/error_consistency.h"

#include "physprobe/core/json_lines.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/core/statistics/resampled_interval.h"

#include "support/golden.h"

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

#include "core/expect_error.h"

namespace physprobe {
namespace {

// README of the golden: 1e-10 relative to max(1, |expected|) for double arithmetic.
constexpr double kTolerance = 1e-10;

class ErrorConsistencyGolden : public ::testing::Test {
 protected:
  void SetUp() override {
    golden_ = read_json(testing::golden_path("alignment/error_consistency.json"));
    const auto arrays =
        read_safetensors(testing::golden_path("alignment/error_consistency.safetensors"));
    correct_ = arrays.at("correct").to(at::kByte).contiguous();
    index_ = arrays.at("bootstrap_index").to(at::kLong).contiguous();
  }

  std::vector<uint8_t> observer(int64_t column) const {
    std::vector<uint8_t> ratings;
    for (int64_t i = 0; i < correct_.size(0); ++i)
      ratings.push_back(correct_[i][column].item<uint8_t>());
    return ratings;
  }

  nlohmann::json golden_;
  at::Tensor correct_;
  at::Tensor index_;
};

TEST_F(ErrorConsistencyGolden, MeasuresMatchForEveryPairOfObservers) {
  ASSERT_EQ(golden_.at("pairs").size(), 21U);
  for (const auto& pair : golden_.at("pairs")) {
    const AgreementCounts counts = count_agreement(observer(pair.at("a")), observer(pair.at("b")));
    const ErrorConsistency measured = error_consistency(counts);
    const std::string name = pair.at("a").dump() + "-" + pair.at("b").dump();
    EXPECT_NEAR(measured.first_accuracy, pair.at("acc_a").get<double>(), kTolerance) << name;
    EXPECT_NEAR(measured.second_accuracy, pair.at("acc_b").get<double>(), kTolerance) << name;
    EXPECT_NEAR(measured.expected, pair.at("expected").get<double>(), kTolerance) << name;
    EXPECT_NEAR(measured.observed, pair.at("observed").get<double>(), kTolerance) << name;
    EXPECT_NEAR(measured.kappa, pair.at("kappa_toolbox").get<double>(), kTolerance) << name;
    EXPECT_NEAR(kappa_of(counts), pair.at("kappa_package").get<double>(), kTolerance) << name;
    EXPECT_NEAR(measured.kappa_corrected, pair.at("kappa_unbiased").get<double>(), kTolerance);
    if (pair.contains("kappa_max")) {
      EXPECT_NEAR(measured.kappa_possible.high, pair.at("kappa_max").get<double>(), kTolerance);
      EXPECT_NEAR(measured.kappa_possible.low, pair.at("kappa_min").get<double>(), kTolerance);
    } else {
      EXPECT_TRUE(std::isnan(measured.kappa_possible.low)) << name;
    }
    if (pair.contains("copy_model_p_copy_from_better")) {
      EXPECT_NEAR(measured.copy_probability, pair.at("copy_model_p_copy_from_better").get<double>(),
                  kTolerance)
          << name;
    } else {
      EXPECT_TRUE(std::isnan(measured.copy_probability)) << name;
    }
    const Range range = accuracy_range(measured.first_accuracy, measured.kappa);
    const auto& bounds = pair.at("accuracy_bounds_of_b_given_a_and_kappa");
    EXPECT_NEAR(range.low, bounds[0].get<double>(), kTolerance) << name;
    EXPECT_NEAR(range.high, bounds[1].get<double>(), kTolerance) << name;
  }
}

// The reference's resamples are given by index; the interval of their kappas must be its interval.
TEST_F(ErrorConsistencyGolden, PercentileIntervalsOfTheGivenResamples) {
  BootstrapOptions options;
  options.method = BootstrapOptions::Method::kPercentile;
  const int64_t* index = index_.data_ptr<int64_t>();
  for (const auto& pair : golden_.at("pairs")) {
    const std::vector<uint8_t> a = observer(pair.at("a"));
    const std::vector<uint8_t> b = observer(pair.at("b"));
    std::vector<double> kappas;
    int64_t undefined = 0;
    for (int64_t r = 0; r < index_.size(0); ++r) {
      std::vector<uint8_t> ra, rb;
      for (int64_t i = 0; i < index_.size(1); ++i) {
        const auto item = static_cast<std::size_t>(index[r * index_.size(1) + i]);
        ra.push_back(a[item]);
        rb.push_back(b[item]);
      }
      const double kappa = kappa_of(count_agreement(ra, rb));
      if (std::isnan(kappa)) {
        ++undefined;
      } else {
        kappas.push_back(kappa);
      }
    }
    EXPECT_EQ(undefined, pair.at("bootstrap_nan").get<int64_t>());
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const Interval interval = resampled_interval(kappas, nan, nan, 120, options);
    EXPECT_NEAR(interval.low, pair.at("ci95")[0].get<double>(), kTolerance);
    EXPECT_NEAR(interval.high, pair.at("ci95")[1].get<double>(), kTolerance);
    // Our own resamples: 10,000 against the reference's 400, whose quantiles have a standard error
    // of about 0.014 at a spread of 0.09; 0.06 is four of these.
    const KappaInterval own = kappa_interval(count_agreement(a, b), {});
    EXPECT_NEAR(own.interval.low, pair.at("ci95")[0].get<double>(), 0.06);
    EXPECT_NEAR(own.interval.high, pair.at("ci95")[1].get<double>(), 0.06);
    EXPECT_EQ(own.interval.n, 120);
  }
}

TEST_F(ErrorConsistencyGolden, BoundsMatch) {
  for (const auto& example : golden_.at("accuracy_bound_examples")) {
    const Range range =
        accuracy_range(example.at("acc1").get<double>(), example.at("kappa").get<double>());
    EXPECT_NEAR(range.low, example.at("lower_upper")[0].get<double>(), kTolerance);
    EXPECT_NEAR(range.high, example.at("lower_upper")[1].get<double>(), kTolerance);
  }
  for (const auto& example : golden_.at("observed_consistency_bounds_given_expected")) {
    const Range range = observed_consistency_range(example.at("expected").get<double>());
    EXPECT_NEAR(range.low, example.at("lower").get<double>(), kTolerance);
    EXPECT_NEAR(range.high, example.at("upper").get<double>(), kTolerance);
  }
}

TEST(ErrorConsistency, TwoPerfectSystemsAreOneByConvention) {
  const ErrorConsistency both = error_consistency({50, 0, 0, 0});
  EXPECT_EQ(both.kappa, 1.0);
  EXPECT_TRUE(both.is_degenerate);
  EXPECT_TRUE(std::isnan(kappa_of({50, 0, 0, 0})));
  const KappaInterval interval = kappa_interval({50, 0, 0, 0}, {});
  EXPECT_EQ(interval.undefined_resamples, 9999);
  EXPECT_EQ(interval.interval.method, "none");
}

TEST(ErrorConsistency, IndependenceIsFoundAndRejected) {
  // Exactly independent systems of accuracy 1/2 have kappa 0: every simulation exceeds it, but for
  // ties at 0. Copies of each other are never reached.
  EXPECT_GT(independence_p_value({25, 25, 25, 25}, 2000, 1), 0.8);
  EXPECT_EQ(independence_p_value({50, 0, 0, 50}, 2000, 1), 0.0);
  EXPECT_TRUE(std::isnan(independence_p_value({100, 0, 0, 0}, 100, 1)));
}

TEST(ErrorConsistency, SystemsMustShareTheirItems) {
  EXPECT_TRUE(testing::throws_error(ErrorKind::kInternal, "different items", [] {
    count_agreement({1}, {1, 0});
  }));
}

}  // namespace
}  // namespace physprobe
