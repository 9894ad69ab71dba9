#include "physprobe/eval/json_number.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace physprobe {

nlohmann::ordered_json finite_or_null(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

}  // namespace physprobe
