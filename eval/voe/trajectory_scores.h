#pragma once
// The same pairs judged by the shape of their trajectories instead of surprise: GeoPhys' statistics
// over the windows' mean target tokens. What a model's prediction adds has to exceed them.

#include "physprobe/eval/voe/score_surprise.h"
#include "physprobe/eval/voe/surprise_run.h"

#include <nlohmann/json_fwd.hpp>

namespace physprobe {

/// [{property, statistic (speed, curv, ang, accel, perr), value (relative accuracy, percent: the
/// impossible video is the less regular one), n, ties, half_credit, undefined (pairs left out:
/// too few windows), interval, chance}], and for each property the oracle that any of the five is
/// right with its chance. Pairs are those of `score_surprise`.
nlohmann::ordered_json trajectory_scores(const SurpriseRun& run);

}  // namespace physprobe
