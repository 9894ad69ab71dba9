#pragma once
// The small complete benchmark of the golden data.

#include "support/golden.h"

#include <string>

namespace physprobe::testing {

inline std::string minibench(const std::string& relative = "") {
  return golden_path("physics_iq/minibench" + (relative.empty() ? "" : "/" + relative));
}

}  // namespace physprobe::testing
