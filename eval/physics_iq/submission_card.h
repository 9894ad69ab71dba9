#pragma once
// What a submission to the leaderboard has to say: scores of every seed, their mean and deviation,
// prompts, frames dropped, settings of the generation, digests. Internal to `eval/physics_iq/`.

#include "physprobe/eval/physics_iq/run_scores.h"

namespace physprobe {

/// Writes submission_card.json. `aggregate` and `settings` are those of results.json.
void write_submission_card(const PhysicsIqOptions& options,
                           const EvaluationPlan& plan,
                           const ItemLines& lines,
                           const ScoredRuns& scored,
                           const nlohmann::ordered_json& aggregate,
                           const nlohmann::ordered_json& settings);

}  // namespace physprobe
