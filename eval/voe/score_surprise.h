#pragma once
// Violation-of-expectation scores of any number of models over the same labelled videos: one
// document in the form of every grouped score, and what is particular to surprise.

#include "physprobe/eval/minimal_pairs/grouped_document.h"
#include "physprobe/eval/voe/cross_pairing.h"
#include "physprobe/eval/voe/surprise_arrays.h"
#include "physprobe/eval/voe/surprise_metrics.h"
#include "physprobe/eval/voe/sweep_null.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <vector>

namespace physprobe {

constexpr const char* kSurpriseProtocol = "voe/jepa-2025";
constexpr const char* kCrossSurpriseProtocol = "voe/cross-1";

struct SurpriseScoreOptions {
  int64_t fixed_context = 0;  ///< The context whose score is the headline; 0: the middle one.
  int64_t permutations = 2000;
  BootstrapOptions bootstrap;
  SurprisePairing pairing = SurprisePairing::kGiven;
  /// "intphys", "grasp", "inflevel", "intphys2", "likephys": whose principles results are grouped
  /// by and among whose published results `compare` places them; "": none.
  std::string benchmark;
};

/// Refuses what `score_surprise` would refuse, before anything is computed or written:
/// Error(kUsage) for a fixed context that is none of `contexts`, an unknown benchmark, statistics
/// out of range.
void check_surprise_scoring(const SurpriseScoreOptions& options,
                            const std::vector<int64_t>& contexts);

/// The possible and impossible member of every pair of a property, by pair. Problems: pairs that
/// are not exactly one of each, and pairs whose members have different numbers of windows (their
/// means are over different spans, a mixed frame rate for instance): these are left out.
std::vector<SurprisePair> surprise_pairs(const SurpriseSet& set,
                                         const std::string& property,
                                         std::vector<PairProblem>& problems);

/// {schema, name, protocol, kinds (relative accuracy by mean surprise: every context, Filtered, and
/// last the fixed context), scores, models, comparisons, …} as `grouped_document`, and per model
/// `properties.<property>`: n_pairs, ties, rows (the published table's numbers per context and
/// Filtered), sweep (best row with its permutation null), held_out_selection (the
/// row chosen on other scenes; null where there is one scene only), any_row (the oracle that any
/// row is right, with its chance); `headline`: unweighted means over properties of the fixed
/// context, Filtered, and the best row of each; `quadruplets`, `breakdown`, `property_groups`
/// (surprise_breakdown.h). Of cross pairs, scenes are the independent units. `each_run` gets the
/// judged pairs. Throws Error(kUsage) for a fixed context that is none of the contexts,
/// Error(kIncompatible) for sets of different contexts.
nlohmann::ordered_json score_surprise(
    const std::vector<SurpriseArrays>& arrays,
    const SurpriseScoreOptions& options,
    const std::function<void(const GroupedProtocol&, const GroupedRun&)>& each_run,
    ModelProblems& problems);

/// The rows as CSV with the published table's columns (';', its spelling), after model and
/// property.
std::string surprise_metrics_csv(const nlohmann::ordered_json& results);

/// Curves without labels: {name, contexts, items: [{id, mean, maximum, surprise}]}.
nlohmann::ordered_json surprise_curves_json(const SurpriseArrays& arrays);

}  // namespace physprobe
