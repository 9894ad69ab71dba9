#pragma once
// How numbers of an evaluation are written to JSON. Internal to `eval/physics_iq/`.

#include "physprobe/core/statistics/bootstrap.h"
#include "physprobe/eval/json_number.h"

#include <nlohmann/json_fwd.hpp>

namespace physprobe {

/// low, high, n, level and method; the ends times `scale`.
nlohmann::ordered_json scaled_interval_json(const Interval& interval, double scale);

}  // namespace physprobe
