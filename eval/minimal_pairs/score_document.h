#pragma once
// The document that every scoring of minimal pairs gives, whatever it was read from.

#include "physprobe/eval/minimal_pairs/mvp_scores.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <utility>
#include <vector>

namespace physprobe {

/// A problem and the model (or "annotations", or the control run) it belongs to.
using ModelProblems = std::vector<std::pair<std::string, PairProblem>>;

/// {schema, name, protocol, counts, tasks and group of a single model, scores, models,
/// comparisons}. The models' problems are appended to `problems`.
nlohmann::ordered_json scored_document(const std::string& protocol,
                                       const std::vector<RunScores>& scores,
                                       const PairScoreOptions& options,
                                       int threads,
                                       ModelProblems& problems);

/// What was asked for, for the document's end: {producer, protocols, parser, incomplete_pairs,
/// seed, resamples, level}.
nlohmann::ordered_json score_provenance(const std::string& protocol,
                                        const PairScoreOptions& options);

/// The scores as a table for a terminal.
std::string format_pair_scores(const nlohmann::ordered_json& results);

}  // namespace physprobe
