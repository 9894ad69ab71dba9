#pragma once
// What the runs of an evaluation say together: mean and deviation, paired differences, and the
// place of each model among published results. Internal to `eval/physics_iq/`.

#include "physprobe/eval/physics_iq/run_scores.h"

#include <string>
#include <vector>

namespace physprobe {

/// Mean and sample deviation of every score over all runs.
nlohmann::ordered_json aggregate_json(const ScoredRuns& scored);

/// Every run against the first, paired by sample.
nlohmann::ordered_json paired_json(const ScoredRuns& scored, const BootstrapOptions& statistics);

/// Why these results have no place on a leaderboard; "" if they have.
std::string reason_without_place(const PhysicsIqOptions& options, const EvaluationPlan& plan);

/// One entry a model (runs named alike but for "-run_NN") and input; empty without a place.
nlohmann::ordered_json places_json(const PhysicsIqOptions& options,
                                   const EvaluationPlan& plan,
                                   const ScoredRuns& scored);

}  // namespace physprobe
