#include "physprobe/eval/minimal_pairs/control_runs.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace physprobe {
namespace {

/// 40 pairs; `answer(k, m)` is the letter given to member m of pair k whose right answer is m.
/// Swapped: the candidates stand in the other order, so the right answer is 1 - m.
PairRun run_of(const std::function<int(int, int)>& answer, bool swapped = false) {
  PairRun run;
  run.model = "m";
  PairTask task{"mvp_mini_intuitive_physics", "mvp_mini", {}};
  for (int k = 0; k < 40; ++k) {
    for (int m = 0; m < 2; ++m) {
      PairItem item;
      item.pair = "p_" + std::to_string(k);
      item.id = item.pair + "_" + std::to_string(m);
      item.label = swapped ? 1 - m : m;
      item.candidates = {swapped ? "no" : "yes", swapped ? "yes" : "no"};
      const int said = answer(k, m);
      item.verdicts = {Verdict{said, said == item.label}, Verdict{said, said == item.label}};
      task.items.push_back(item);
    }
  }
  run.tasks = {task};
  return run;
}

ControlResult result_of(ControlKind kind, const PairRun& full, const PairRun& control) {
  return compare_control(kind, full, score_run(full, {}, {}, 1), control,
                         score_run(control, {}, {}, 1), {});
}

TEST(ControlRuns, ABlindRunThatSaysOneThingSolvesNothing) {
  const PairRun full = run_of([](int k, int m) { return k % 2 == 0 ? m : 0; });
  const PairRun blind = run_of([](int, int) { return 0; });
  const ControlResult result = result_of(ControlKind::kBlind, full, blind);
  EXPECT_EQ(result.n, 40);
  EXPECT_EQ(result.control_pair, 0.0);
  EXPECT_NEAR(result.full_minus_control.difference, 50.0, 1e-12);
  EXPECT_EQ(result.solved_by_control, 0.0);
  EXPECT_NE(result.finding.find("what was taken away matters"), std::string::npos)
      << result.finding;
}

TEST(ControlRuns, SwappedOptionsCompareTheCandidatesNamed) {
  // Always letter A: never the same candidate once the order is swapped.
  const PairRun full = run_of([](int, int) { return 0; });
  const ControlResult biased =
      result_of(ControlKind::kSwappedOptions, full, run_of([](int, int) { return 0; }, true));
  EXPECT_EQ(biased.same_candidate, 0.0);
  EXPECT_EQ(biased.pairs_right_in_both, 0.0);
  const PairRun sound = run_of([](int, int m) { return m; });
  const ControlResult steady = result_of(ControlKind::kSwappedOptions, sound,
                                         run_of([](int, int m) { return 1 - m; }, true));
  EXPECT_EQ(steady.same_candidate, 100.0);
  EXPECT_EQ(steady.pairs_right_in_both, 100.0);
}

TEST(ControlRuns, ARunOnOtherItemsSaysSo) {
  const PairRun full = run_of([](int, int m) { return m; });
  PairRun other = full;
  for (PairItem& item : other.tasks[0].items) {
    item.pair = "z" + item.pair;
    item.id = "z" + item.id;
  }
  const ControlResult result = result_of(ControlKind::kShuffledFrames, full, other);
  EXPECT_EQ(result.n, 0);
  EXPECT_NE(result.finding.find("shares no pair"), std::string::npos);
}

}  // namespace
}  // namespace physprobe
