#pragma once
// The tap every encoder starts with: the preprocessed frame itself. Internal.

#include "physprobe/encoders/encoder.h"

#include <cstdint>

namespace physprobe {

inline constexpr const char* kPixelTapDescription =
    "The preprocessed frame, flattened channel, row, column.";

/// 1 for luma, 3 for colour.
int64_t channel_count(const PreprocessSpec& spec);

/// Numbers in a preprocessed frame; 0 when they depend on the video.
int64_t pixel_tap_width(const PreprocessSpec& spec);

/// `frames` (B, T, C, H, W) float32, contiguous, as one token a frame; pooled to a thumbnail.
TapOutput pixel_tap(const at::Tensor& frames, bool keep_tokens, int threads);

}  // namespace physprobe
