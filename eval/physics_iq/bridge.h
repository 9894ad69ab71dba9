#pragma once
// Physics-IQ beside other probes: rank correlation of any per-video number with the sample scores,
// and what choosing the best of several runs by that number would gain.

#include "physprobe/core/statistics/bootstrap.h"

#include <string>
#include <vector>

namespace physprobe {

/// Reads probe outputs and throws as `write_bridge` would for their form: before an evaluation, so
/// that a misspelt path does not wait for its end.
void check_probe_outputs(const std::vector<std::string>& probes);

/// Joins finished evaluation `directory` with probe outputs and writes bridge.json and bridge.csv.
/// A probe output is a CSV with `id` and one or more columns of numbers, or a run's items.jsonl
/// (mean curvature per tap and nearest distance are taken). An id may be the item's own
/// (run/scenario/view), the generated file's name with or without extension, or run/file name.
/// Throws Error(kInput) if nothing matches, or a bare file name fits videos of several runs.
void write_bridge(const std::string& directory,
                  const std::vector<std::string>& probes,
                  const BootstrapOptions& statistics);

/// What the console shows of bridge.json.
std::string format_bridge(const std::string& directory);

/// Spearman's rank correlation, ties at mean rank; NaN if one side is constant.
double spearman(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace physprobe
