#pragma once
// Scores of minimal pairs as JSON: the parts every document of this family is made of. Numbers that
// do not exist become null.

#include "physprobe/eval/json_number.h"
#include "physprobe/eval/minimal_pairs/control_runs.h"
#include "physprobe/eval/minimal_pairs/mvp_scores.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

nlohmann::ordered_json pair_number(double value);
/// {value, unit, n, interval, intervals, higher_is, chance}
nlohmann::ordered_json accuracy_json(const Accuracy& accuracy, double chance);
/// A task or source: n_items, n_pairs, single_accuracy, pair_accuracy, outcomes, answers, shortcut.
nlohmann::ordered_json pair_scores_json(const PairScores& scores, double chance_pair);
nlohmann::ordered_json comparison_json(const ModelComparison& comparison);
nlohmann::ordered_json control_json(const ControlResult& result);
nlohmann::ordered_json consistency_json(const Consistency& consistency);
/// By kind, in order of first appearance: {kind, n, items: [{file, line, id, text}]}.
nlohmann::ordered_json problems_json(const std::vector<PairProblem>& problems);
/// One model: files, tasks, group(s), parsers, problems.
nlohmann::ordered_json run_scores_json(const RunScores& scores, double chance_pair);

/// The flat list every results.json has: {name, protocol, model, task, source, value, unit, n,
/// interval, higher_is, chance}.
nlohmann::ordered_json flat_scores(const RunScores& scores,
                                   const std::string& protocol,
                                   double chance_pair);
/// That list as CSV.
std::string pair_scores_csv(const nlohmann::ordered_json& flat);

}  // namespace physprobe
