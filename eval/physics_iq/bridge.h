#pragma once
// Physics-IQ beside other probes: rank correlation of any per-video number with the sample scores,
// what choosing the best of several runs by that number would gain, and how much the scores depend
// on settings.

#include "physprobe/core/statistics/bootstrap.h"
#include "physprobe/eval/physics_iq/evaluation.h"

#include <string>
#include <vector>

namespace physprobe {

/// Joins finished evaluation `directory` with probe outputs and writes bridge.json and bridge.csv.
/// A probe output is a CSV with `id` and one or more columns of numbers, or a run's items.jsonl
/// (mean curvature per tap and nearest distance are taken). An id may be the item's own
/// (run/scenario/view), the generated file's name with or without extension, or run/file name.
/// Throws Error(kInput) if nothing matches.
void write_bridge(const std::string& directory,
                  const std::vector<std::string>& probes,
                  const BootstrapOptions& statistics);

/// Scores the same videos under other settings (threshold, mask path, frame rate) and writes
/// sensitivity.json and sensitivity.csv into the evaluation's directory.
void write_sensitivity(const PhysicsIqOptions& options);

/// Spearman's rank correlation, ties at mean rank; NaN if one side is constant.
double spearman(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace physprobe
