#pragma once
// The document, items and terminal text of grouped scores, for any number of models.

#include "physprobe/eval/minimal_pairs/grouped_run.h"
#include "physprobe/eval/minimal_pairs/grouped_scores.h"
#include "physprobe/eval/minimal_pairs/score_document.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

/// {schema, name, protocol, kinds, counts, scores, models, comparisons, controls, published, notes,
/// provenance}: `scores` is the flat list every results.json has, per model and task;
/// models[].finding sets the whole group's score against that of independent parts; comparisons are
/// on the protocol's last kind, over the examples that both models have. The models' problems are
/// appended to `problems`.
nlohmann::ordered_json grouped_document(const GroupedProtocol& protocol,
                                        const std::vector<GroupedRun>& runs,
                                        const BootstrapOptions& options,
                                        ModelProblems& problems);

/// The examples of a run as JSON lines: {model, task, id, right: {<kind>: n}, given: {…}}.
std::string grouped_item_lines(const GroupedProtocol& protocol, const GroupedRun& run);

/// Every score of the flat list as a line for a terminal.
std::string format_flat_scores(const nlohmann::ordered_json& results);

/// Results published for a protocol, rounded as their source gives them: [{model, scores: {<kind>:
/// percent}, source}]; empty where none ship.
nlohmann::ordered_json published_grouped_scores(const std::string& protocol);

}  // namespace physprobe
