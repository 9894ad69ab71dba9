#pragma once
// A model served by another process as a predictor (docs/exec_protocol.md). Internal.

#include "physprobe/encoders/predictor.h"

#include <nlohmann/json_fwd.hpp>

#include <memory>

namespace physprobe {

/// `config` of the family "exec" (exec_encoder.h). Throws Error(kIncompatible) for a model that
/// says it predicts nothing, and whatever starting it throws.
std::unique_ptr<Predictor> make_exec_predictor(const nlohmann::json& config);

}  // namespace physprobe
