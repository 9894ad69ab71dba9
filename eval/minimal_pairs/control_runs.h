#pragma once
// Control runs: the same model on the same items with something taken away (the video, all but one
// frame, the order of the frames) or changed that should not matter (the order of the answers).

#include "physprobe/eval/minimal_pairs/model_comparison.h"

#include <string>
#include <vector>

namespace physprobe {

enum class ControlKind { kBlind, kSingleFrame, kShuffledFrames, kSwappedOptions };

/// "blind", "single-frame", "shuffled-frames", "swapped-options".
const char* control_name(ControlKind kind);

struct ControlResult {
  ControlKind kind = ControlKind::kBlind;
  int64_t n = 0;              ///< Pairs that both runs have.
  double control_pair = 0.0;  ///< Pair accuracy of the control run on them, percent.
  Interval control_interval;  ///< Wilson.
  PairedDifference full_minus_control;
  double solved_by_control = 0.0;  ///< Share of the full run's right pairs that the control has
                                   ///< right too, percent; NaN when the full run has none.
  /// Swapped options only: answers that name the same candidate in both orders, percent of items
  /// with two answers; and pairs right in both orders, percent of pairs.
  double same_candidate = 0.0;
  double pairs_right_in_both = 0.0;
  std::string finding;  ///< One sentence.
};

/// `full` and `control` are runs of one model on the same items.
ControlResult compare_control(ControlKind kind,
                              const PairRun& full_run,
                              const RunScores& full,
                              const PairRun& control_run,
                              const RunScores& control,
                              const PairScoreOptions& options);

}  // namespace physprobe
