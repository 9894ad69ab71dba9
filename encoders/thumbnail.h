#pragma once
// A small picture of a frame by exact area averaging: the vector by which pixel-like taps are
// retrieved. Internal.

#include <cstdint>

namespace physprobe {

constexpr int64_t kThumbnailSide = 32;

/// `planes` (channels, height, width) to `out` (channels, 32, 32): cell (i, j) is the mean of the
/// image over rows [i H/32, (i+1) H/32) and columns likewise, border pixels weighted by the share
/// covered; any size.
void area_thumbnail(
    const float* planes, int64_t channels, int64_t height, int64_t width, float* out);

}  // namespace physprobe
