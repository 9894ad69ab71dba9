#include "physprobe/eval/physics_iq/score_json.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace physprobe {

using Json = nlohmann::ordered_json;

Json scaled_interval_json(const Interval& interval, double scale) {
  return Json{{"low", finite_or_null(interval.low * scale)},
              {"high", finite_or_null(interval.high * scale)},
              {"n", interval.n},
              {"level", interval.level},
              {"method", interval.method}};
}

}  // namespace physprobe
