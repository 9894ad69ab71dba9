#pragma once
// The scores of Physics-IQ (Motamed et al., arXiv:2501.09038) and Physics-IQ Verified (Raedsch et
// al., arXiv:2606.18943) from a result table, equal to the official evaluator's.

#include "physprobe/eval/physics_iq/result_table.h"

#include <string>
#include <utility>
#include <vector>

namespace physprobe {

/// Fractions, 1 = as close to take 1 as take 2 is. NaN and infinity are kept as they are.
struct PhysicsIqScores {
  double score_spatiotemporal = 0, score_spatial = 0, score_weighted_spatial = 0, score_mse = 0;
  double final_score_raw = 0, final_score_stable = 0, final_score_orig = 0;
  double variance_mse = 0, variance_spatiotemporal_iou = 0, variance_spatial = 0,
         variance_weighted_spatial = 0;
  double final_score_view = 0;  ///< Physics-IQ Verified.
  double score_spatiotemporal_view = 0, score_spatial_view = 0, score_weighted_spatial_view = 0,
         score_mse_view = 0;
  double final_score_origround = 0;  ///< Percent: the original leaderboard's number.

  /// Name and value in the order of the evaluator's `<run>_metrics.json`.
  std::vector<std::pair<std::string, double>> entries() const;
};

/// Sub-scores of one sample or scene, unclipped (infinity where the error is 0), and the means of
/// the clipped values.
struct SampleScore {
  std::string scenario;
  std::string view;  ///< "" for a scene.
  double spatial = 0, weighted_spatial = 0, spatiotemporal = 0, mse = 0;
  double arithmetic = 0, geometric = 0, harmonic = 0;  ///< `arithmetic` is the Verified score.
};

/// The historical rounding: scores of the original leaderboard.
struct HistoricalScore {
  double final_score_origround = 0;          ///< Percent, two decimals.
  double physical_variance_all_metrics = 0;  ///< Sum of the rounded ceilings.
};

/// All scores of a table whose lists are rounded (result_table.h). Throws Error(kInput) for no
/// rows, a missing column, or lists of one column that differ in length (the evaluator fails too;
/// the historical score alone still works). `lengths` kAny is for sets of one's own, whose clips
/// may differ in length and whose scenes may lack views.
enum class ListLengths { kEqual, kAny };
PhysicsIqScores score_physics_iq(const ResultTable& table,
                                 ListLengths lengths = ListLengths::kEqual);

HistoricalScore historical_score(const ResultTable& table);

std::vector<SampleScore> sample_scores(const ResultTable& table);
std::vector<SampleScore> scene_scores(const ResultTable& table);

/// Scenario, view, the four sub-scores and three means as CSV, in the evaluator's columns.
std::string format_sample_scores(const std::vector<SampleScore>& scores);

/// Half to even after scaling by 10^digits, as NumPy rounds (2.675 gives 2.68).
double round_scaled(double value, int digits);

}  // namespace physprobe
