#pragma once
// Straightening of several runs side by side over the videos that all of them probed (`physprobe
// compare`): curvature, difference from pixels, and its paired change against the first run.

#include "physprobe/core/statistics/bootstrap.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

/// Whether results.json is that of a suite that probed straightening.
bool is_straightening_run(const nlohmann::json& results);

/// `directories` are finished runs of suites. A video is the same in two runs when its content and
/// the times of its frames are: curvature depends on the rate. Returns {protocol, videos, runs:
/// [{run, items, left_out}], tables: [{label, n, rows: [{run, encoder, tap, n, mean_curvature_deg,
/// mean_interval, difference_deg, difference_interval, change_deg, change_interval, change_n}]}],
/// notes: [sentences]}, rows by difference from pixels, straightest first; label "" is all videos.
/// A row's change is the mean over videos of its difference from pixels minus that of the first
/// run's row of the same encoder and tap, or, where each run has one model, of the same tap; null
/// without such a row. Throws Error(kUsage) for fewer than two directories, Error(kInput) for an
/// unfinished run, Error(kIncompatible) when the runs share no video or were made without pixels.
nlohmann::ordered_json compare_straightening_runs(const std::vector<std::string>& directories,
                                                  const BootstrapOptions& statistics);

/// That document as tables for a terminal.
std::string format_straightening_comparison(const nlohmann::ordered_json& comparison);

}  // namespace physprobe
