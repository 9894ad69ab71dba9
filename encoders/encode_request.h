#pragma once
// What every encoder checks before it computes: which taps are asked for and whether the frames are
// usable. Internal.

#include "physprobe/encoders/encoder.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace physprobe {

/// Indices into `info.taps`, in the order requested (`default_taps` when none is named).
/// Throws Error(kUsage) for an unknown tap, naming the nearest.
std::vector<std::size_t> requested_taps(const EncoderInfo& info, const EncodeOptions& options);

/// `input` as contiguous float32 (B, T, channels, H, W). Throws Error(kUsage) for another rank,
/// channel count, dtype or an empty dimension, Error(kInput) for a non-finite value, naming sample
/// and frame.
at::Tensor checked_frames(const EncoderInfo& info, const at::Tensor& input, int64_t channels);

/// Height and width of every frame `spec` yields; nullopt when they depend on the video.
std::optional<std::pair<int64_t, int64_t>> fixed_frame_size(const PreprocessSpec& spec);

/// Throws Error(kUsage) when `frames` (B, T, C, H, W) have another size than `info.preprocess`
/// fixes.
void require_preprocessed_size(const EncoderInfo& info, const at::Tensor& frames);

}  // namespace physprobe
