#pragma once
// Whether an encoder can be used and keeps its promises, measured on a few frames of noise: for
// `doctor --encoder`, above all for models served by another process.

#include "physprobe/eval/host_facts.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

/// Builds the encoder of `config` (encoder_factory.h) and runs it: what it is, its speed alone and
/// in a batch, whether a frame has the same bits in both and when asked twice, and the untrained
/// null. `device` as in run_plan.h. Throws what building or encoding throws.
std::vector<DoctorFinding> check_encoder(const nlohmann::json& config,
                                         int threads,
                                         const std::string& device = "");

}  // namespace physprobe
