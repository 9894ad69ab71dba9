#pragma once
// What else the judged pairs of a model say: quadruplets as a whole, results by condition,
// difficulty or camera, and by the principles that a benchmark publishes.

#include "physprobe/core/statistics/bootstrap.h"
#include "physprobe/eval/voe/property_groups.h"
#include "physprobe/eval/voe/surprise_metrics.h"
#include "physprobe/eval/voe/surprise_set.h"
#include "physprobe/eval/voe/sweep_null.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

/// The judged pairs of one property.
struct PropertyPairs {
  std::string property;
  std::vector<SurprisePair> pairs;
  std::vector<PooledPairs> means;   ///< Mean surprise by row: contexts, then Filtered.
  SweepOutcomes outcomes;           ///< By row and pair.
  std::vector<std::string> scenes;  ///< Of cross pairs, which are dependent within one; else empty.
};

struct BreakdownOptions {
  std::size_t fixed_row = 0;
  std::vector<int64_t> contexts;
  int64_t permutations = 2000;
  BootstrapOptions bootstrap;
};

/// Interval of the unweighted mean of the properties' accuracies at `row`: pairs, or scenes where
/// pairs are dependent, are resampled within properties.
Interval mean_accuracy_interval(const std::vector<const PropertyPairs*>& properties,
                                std::size_t row,
                                const BootstrapOptions& options);

/// Scenes with exactly two given pairs, by property and "all": {n, both_pairs, all_cross,
/// mean_cross, sum}, each {value, chance, interval} of mean surprise at the fixed row. Scenes are
/// independent: Wilson intervals, BCa for mean_cross. Empty if there are none.
nlohmann::ordered_json quadruplets_json(const std::vector<PropertyPairs>& properties,
                                        const BreakdownOptions& options);

/// Pairs of all properties together by attribute and value (of both members): {n_pairs,
/// fixed_context {value, ties, half_credit, interval}, best_context {context, value, null_mean,
/// p}}; the best of the contexts, without Filtered, chosen group by group is how IntPhys 2's
/// predictive models are published. Under the attribute "all" stand all pairs. Wilson
/// intervals, of cross pairs bootstrap over scenes.
nlohmann::ordered_json breakdown_json(const std::vector<PropertyPairs>& properties,
                                      const BreakdownOptions& options);

/// Unweighted means over the members of each group: {members, missing, n_pairs, fixed_context
/// {value, interval}, best_of_sweep (mean of the members' best rows, as published)}. The interval
/// is that of mean_accuracy_interval. Groups without any member are left out.
nlohmann::ordered_json property_groups_json(const std::vector<PropertyGroup>& groups,
                                            const std::vector<PropertyPairs>& properties,
                                            const BreakdownOptions& options);

/// All of that as lines for a terminal, for every model of a surprise document.
std::string format_breakdowns(const nlohmann::ordered_json& results, bool with_best_context);

}  // namespace physprobe
