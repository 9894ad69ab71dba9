#pragma once
// How much the scores depend on settings that are conventions: threshold, mask path, decoding,
// rate.

#include "physprobe/eval/physics_iq/evaluation.h"

#include <string>

namespace physprobe {

/// Scores the same videos under other settings (threshold, mask path, decoding, frame rate) and
/// writes sensitivity.json and sensitivity.csv into the evaluation's directory.
void write_sensitivity(const PhysicsIqOptions& options);

/// What the console shows of sensitivity.json.
std::string format_sensitivity(const std::string& directory);

}  // namespace physprobe
