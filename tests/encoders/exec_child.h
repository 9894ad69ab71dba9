#pragma once
// The served model of the tests (support/exec_child.cpp) as a configuration.

#include "physprobe/core/rng.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <string>

namespace physprobe::testing {

/// `mode`: how the child behaves; `description`: JSON merged into what it says of itself.
inline nlohmann::json exec_config(const std::string& mode = "ok",
                                  const nlohmann::json& description = nlohmann::json::object()) {
  return {{"family", "exec"},
          {"options",
           {{"command", std::string("exec ") + PHYSPROBE_EXEC_CHILD + " " + mode + " '" +
                            description.dump() + "'"}}}};
}

/// Frames (batch, steps, 3, 40, 28) as the child's preprocessing yields them.
inline at::Tensor exec_frames(int64_t batch, int64_t steps = 1) {
  at::Tensor frames = at::empty({batch, steps, 3, 40, 28}, at::kFloat);
  Rng rng(3);
  for (int64_t i = 0; i < frames.numel(); ++i)
    frames.data_ptr<float>()[i] = static_cast<float>(rng.uniform());
  return frames;
}

}  // namespace physprobe::testing
