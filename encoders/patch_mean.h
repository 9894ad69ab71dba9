#pragma once
// The mean over a frame's patch tokens: GeoPhys' default pooling. Internal.

#include <cstdint>

namespace physprobe {

/// `tokens` (prefix + patches, width) to `mean` (width): the mean over the patches, summed in
/// double in their order.
void mean_of_patches(
    const float* tokens, int64_t prefix, int64_t patches, int64_t width, float* mean);

}  // namespace physprobe
