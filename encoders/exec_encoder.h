#pragma once
// A model in any framework as an encoder: it runs in a process of the user's own, which answers
// frames with tokens (docs/exec_protocol.md, python/physprobe.py). Internal.

#include "physprobe/encoders/encoder.h"
#include "physprobe/encoders/exec_session.h"

#include <nlohmann/json_fwd.hpp>

#include <memory>

namespace physprobe {

struct ServedModel {
  std::shared_ptr<ExecSession> session;
  EncoderInfo info;
};

/// Starts the process that `config` of the family "exec" names (encoder_factory.h). Throws
/// Error(kUsage) and whatever starting it throws (exec_session.h).
ServedModel serve_model(const nlohmann::json& config);

/// Frames as they go over the connection: bytes where the preprocessing yields whole ones.
at::Tensor wire_frames(const EncoderInfo& info, const at::Tensor& frames);

/// `config.options`: command, version, name, device, timeout_seconds, start_timeout_seconds. Starts
/// the process. Whatever the process does, an error names it and quotes what it said last
/// (exec_session.h). Same bits in any batch and slot are the model's promise: `doctor --encoder`
/// measures it.
std::unique_ptr<Encoder> make_exec_encoder(const nlohmann::json& config);

}  // namespace physprobe
