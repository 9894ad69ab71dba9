#pragma once
// The predictor without a model: the last frame seen comes again. Its surprise is what pixels alone
// say about change; every model's has to be held against it.

#include "physprobe/encoders/predictor.h"

#include <nlohmann/json_fwd.hpp>

#include <memory>

namespace physprobe {

/// Frames as `preprocess` yields them, in steps of `frames_per_step`. Tokens are patches of pixels,
/// (frame, row, column, channel), of the largest side of at most 16 pixels that divides the frame;
/// not normalised. Throws Error(kUsage) for an invalid `preprocess`.
std::unique_ptr<Predictor> make_pixel_copy_predictor(const PreprocessSpec& preprocess,
                                                     int64_t frames_per_step);

/// The same of a configuration of the family "pixels" (encoder_factory.h): squashed to 112 x 112
/// unless its `preprocess` says otherwise, two frames a step.
std::unique_ptr<Predictor> make_pixel_copy_predictor(const nlohmann::json& config);

}  // namespace physprobe
