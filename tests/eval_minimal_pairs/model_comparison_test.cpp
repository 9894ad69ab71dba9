#include "physprobe/eval/minimal_pairs/model_comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace physprobe {
namespace {

/// A run of one task whose pair k is right where `right(k)` says.
template <typename Right>
RunScores run_with(const std::string& model, int pairs, const Right& right) {
  PairRun run;
  run.model = model;
  PairTask task{"mvp_mini_intuitive_physics", "mvp_mini", {}};
  for (int k = 0; k < pairs; ++k) {
    for (int m = 0; m < 2; ++m) {
      PairItem item;
      item.pair = "p_" + std::to_string(k);
      item.id = item.pair + "_" + std::to_string(m);
      item.label = m;
      const int said = right(k) ? m : 0;
      item.verdicts = {Verdict{said, said == m}, Verdict{said, said == m}};
      task.items.push_back(item);
    }
  }
  run.tasks = {task};
  return score_run(run, {}, {}, 1);
}

TEST(ModelComparison, CountsSharedPairsAndAdjustsOverAll) {
  const std::vector<RunScores> runs = {run_with("good", 100, [](int k) { return k % 10 != 0; }),
                                       run_with("weak", 90, [](int k) { return k % 2 == 0; }),
                                       run_with("copy", 100, [](int k) { return k % 10 != 0; })};
  const auto comparisons = compare_models(runs, {}, 2);
  ASSERT_EQ(comparisons.size(), 3U);
  const PairedDifference& all = comparisons[0].differences[0];
  EXPECT_EQ(comparisons[0].first, "good");
  EXPECT_EQ(comparisons[0].second, "weak");
  EXPECT_EQ(all.n, 90);
  EXPECT_EQ(all.unshared, 10);
  EXPECT_EQ(all.mcnemar.only_first, 45);
  EXPECT_EQ(all.mcnemar.only_second, 9);
  EXPECT_NEAR(all.difference, 40.0, 1e-12);
  EXPECT_GT(all.interval.low, 0.0);
  EXPECT_NEAR(comparisons[0].group.difference, 40.0, 1e-12);
  EXPECT_EQ(comparisons[1].pairs.measured.kappa, 1.0);
  EXPECT_EQ(comparisons[1].holm_p, 1.0);
  EXPECT_NEAR(comparisons[0].holm_p, 3.0 * all.mcnemar.mid_p, 1e-12);
}

TEST(ModelComparison, ModelsWithoutSharedPairsHaveNoDifference) {
  RunScores other = run_with("other", 5, [](int) { return true; });
  for (NamedRating& rating : other.tasks[0].pairs) rating.name = "z" + rating.name;
  for (NamedRating& rating : other.tasks[0].items) rating.name = "z" + rating.name;
  const auto comparisons =
      compare_models({run_with("one", 5, [](int) { return true; }), other}, {}, 1);
  EXPECT_EQ(comparisons[0].differences[0].n, 0);
  EXPECT_TRUE(std::isnan(comparisons[0].differences[0].difference));
  EXPECT_EQ(comparisons[0].differences[0].interval.method, "none");
  EXPECT_EQ(comparisons[0].items.measured.n, 0);
}

TEST(ModelComparison, ThreadsChangeNothing) {
  const std::vector<RunScores> runs = {run_with("a", 60, [](int k) { return k % 3 == 0; }),
                                       run_with("b", 60, [](int k) { return k % 4 == 0; }),
                                       run_with("c", 60, [](int k) { return k % 5 == 0; })};
  const auto one = compare_models(runs, {}, 1);
  const auto many = compare_models(runs, {}, 3);
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].differences[0].interval.low, many[i].differences[0].interval.low);
    EXPECT_EQ(one[i].items.kappa.interval.high, many[i].items.kappa.interval.high);
    EXPECT_EQ(one[i].items.independence_p, many[i].items.independence_p);
  }
}

}  // namespace
}  // namespace physprobe
