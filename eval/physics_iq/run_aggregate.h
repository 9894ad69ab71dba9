#pragma once
// Several runs (seeds) of one model: mean and sample deviation, in the evaluator's tables.

#include "physprobe/eval/physics_iq/scores.h"

#include <string>
#include <vector>

namespace physprobe {

struct AggregatedScore {
  std::string key;         ///< "final_score_view", …
  std::string label;       ///< "Phys-IQ verified", …
  double mean = 0.0;       ///< Percent.
  double deviation = 0.0;  ///< Sample deviation (n - 1), percent; NaN for one run.
};

/// `score_type` is "verified" or "original".
std::vector<AggregatedScore> aggregate_runs(const std::vector<PhysicsIqScores>& runs,
                                            const std::string& score_type);

/// The model of a run named as the benchmark recommends: "sora2-bpp" of "sora2-bpp-run_01"; other
/// names are models of their own.
std::string model_of_run(const std::string& run);

/// One row, two decimals; with a Model column if `model` is not empty.
std::string aggregate_csv(const std::vector<AggregatedScore>& scores, const std::string& model);
/// A LaTeX table, one decimal.
std::string aggregate_latex(const std::vector<AggregatedScore>& scores);

}  // namespace physprobe
