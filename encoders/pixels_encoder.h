#pragma once
// The `pixels` encoder: the preprocessed frame is its own representation. Internal.

#include "physprobe/encoders/encoder.h"

#include <nlohmann/json_fwd.hpp>

#include <memory>

namespace physprobe {

/// Tap "pixel": the frame flattened channel, row, column as one token. Its `pooled` and
/// `patch_mean` are the 32x32 area-averaged thumbnail (3072 numbers for RGB, channel-major).
/// Default preprocessing: squashed to 224x224 by float antialiased bicubic on 0..1 without clamping
/// or normalisation, as in ReStraV's pixel trajectories.
std::unique_ptr<Encoder> make_pixels_encoder(const nlohmann::json& config);

}  // namespace physprobe
