#pragma once
// Two Physics-IQ evaluations side by side (`physprobe compare`): the difference of their scores
// with an interval, every sample's change, worst first, and which changes exceed the noise of
// seeds.

#include "physprobe/core/statistics/bootstrap.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace physprobe {

/// Directories written by `score physics-iq`; runs (seeds) of each are averaged sample by sample.
/// Throws Error(kIncompatible) for evaluations of different protocols, mask paths or thresholds,
/// Error(kInput) when one is unfinished or they share no sample.
nlohmann::ordered_json compare_physics_iq(const std::string& directory_a,
                                          const std::string& directory_b,
                                          const BootstrapOptions& statistics);

/// The comparison as text; at most `most_samples` samples.
std::string format_physics_iq_comparison(const nlohmann::ordered_json& comparison,
                                         int64_t most_samples = 20);

/// Whether a condition such as "score_drop>1.0" holds. Names: score_drop (points of the protocol's
/// own score), verified_drop, original_drop, samples_worse (beyond noise). Throws Error(kUsage).
bool physics_iq_condition_holds(const nlohmann::ordered_json& comparison,
                                const std::string& condition);

}  // namespace physprobe
