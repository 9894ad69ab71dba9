#include "physprobe/eval/json_number.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace physprobe {

nlohmann::ordered_json finite_or_null(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

nlohmann::ordered_json interval_json(const Interval& interval) {
  return nlohmann::ordered_json{{"low", finite_or_null(interval.low)},
                                {"high", finite_or_null(interval.high)},
                                {"level", interval.level},
                                {"method", interval.method},
                                {"n", interval.n}};
}

}  // namespace physprobe
