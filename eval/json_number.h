#pragma once
// How numbers are written to JSON, which knows neither NaN nor infinity. Internal to `eval/`.

#include "physprobe/core/statistics/bootstrap.h"

#include <nlohmann/json_fwd.hpp>

namespace physprobe {

/// null for NaN and infinity.
nlohmann::ordered_json finite_or_null(double value);

/// {low, high, level, method, n}
nlohmann::ordered_json interval_json(const Interval& interval);

}  // namespace physprobe
