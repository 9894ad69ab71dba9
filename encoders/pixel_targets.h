#pragma once
// What a masked autoencoder of pixels is held against. Internal.

#include "physprobe/core/preprocess_spec.h"
#include "physprobe/encoders/vit_config.h"

#include <cstdint>

namespace physprobe {

/// The patches of `frames` (steps * tubelet, channels, height, width), normalised by `preprocess`,
/// as rows of `out` (steps * patches, tubelet * patch * patch * channels): back in 0..1, per patch
/// and channel less the mean and divided by (deviation with n - 1, plus 1e-6), in the order frame,
/// row, column, channel (VideoMAE's norm_pix_loss).
void pixel_targets(const VitConfig& config,
                   const PreprocessSpec& preprocess,
                   const float* frames,
                   int64_t steps,
                   int64_t height,
                   int64_t width,
                   float* out);

}  // namespace physprobe
