#pragma once
// From evaluated views to the files of an evaluation (docs/physics_iq.md): tables as the official
// tools read them, items.jsonl, results.json with intervals, baselines and causes, the submission
// card, COMPLETE. Internal to `eval/physics_iq/`.

#include "physprobe/eval/physics_iq/evaluation.h"
#include "physprobe/eval/physics_iq/scores.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

/// `messages[i]` is why job i failed, "" if it did not.
void write_evaluation_files(const PhysicsIqOptions& options,
                            const EvaluationPlan& plan,
                            const std::vector<ViewOutcome>& outcomes,
                            const std::vector<std::string>& messages);

/// The result table of one run, unrounded; failed views are left out.
ResultTable table_of_run(const EvaluationPlan& plan,
                         const std::vector<ViewOutcome>& outcomes,
                         const std::vector<std::string>& messages,
                         std::size_t run);

/// The same for a baseline ("frozen", "delayed", "take2") at the views of a run.
ResultTable table_of_baseline(const EvaluationPlan& plan,
                              const std::vector<ViewOutcome>& outcomes,
                              const std::vector<std::string>& messages,
                              std::size_t run,
                              const std::string& baseline);

/// Scores as the evaluator's `<run>_metrics.json`: indented by 4, NaN and Infinity as words.
std::string metrics_json_text(const PhysicsIqScores& scores);

/// Name -> value of all scores, for results.json.
nlohmann::ordered_json scores_json(const PhysicsIqScores& scores);

}  // namespace physprobe
