#pragma once
// A TorchScript file as an encoder. Such a file is a program: it runs only when the user says that
// they trust it, or pins its digest. Internal.

#include "physprobe/encoders/encoder.h"

#include <nlohmann/json_fwd.hpp>

#include <memory>

namespace physprobe {

/// `config.weights`: the file torch.jit.save wrote. `config.options`: trust_model (--trust-model)
/// or digest (SHA-256 of the file), one of them required; name; prefix_tokens. `forward` takes (n,
/// C, H, W) float32 as `preprocess` yields (default: short side 256, crop 224, ImageNet statistics)
/// and returns one tensor, a tuple or list of tensors, or a dictionary of tensors, each (n, N, D)
/// or (n, D); what it returns becomes the taps. Frames are given one at a time, so that a frame's
/// bits depend on nothing else. Throws Error(kUsage) without trust, Error(kIncompatible) for
/// another digest, a file that is no TorchScript or a forward that does not fit, Error(kInput) for
/// a damaged file.
std::unique_ptr<Encoder> make_torchscript_encoder(const nlohmann::json& config);

}  // namespace physprobe
