#pragma once
// Every run of an evaluation scored: as a whole, by view and category, beside its baselines, with
// intervals; the tables that the official tools read. Internal to `eval/physics_iq/`.

#include "physprobe/eval/physics_iq/item_lines.h"
#include "physprobe/eval/physics_iq/scores.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace physprobe {

struct ScoredRuns {
  nlohmann::ordered_json runs = nlohmann::ordered_json::array();    ///< For results.json.
  nlohmann::ordered_json scores = nlohmann::ordered_json::array();  ///< One entry a number.
  std::vector<std::string> names;    ///< Of the runs that could be scored ...
  std::vector<PhysicsIqScores> all;  ///< ... their scores ...
  std::vector<ResultTable> tables;   ///< ... and rounded tables.
  std::vector<std::string> notes;
};

/// Writes results/<run>.* and returns the rest.
ScoredRuns score_runs(const PhysicsIqOptions& options,
                      const EvaluationPlan& plan,
                      const std::vector<ViewOutcome>& outcomes,
                      const std::vector<std::string>& messages,
                      const ItemLines& lines);

/// "physics-iq/verified-1.1" or "physics-iq/original-1", after the ground truth.
const char* physics_iq_protocol(const PhysicsIqOptions& options);

}  // namespace physprobe
