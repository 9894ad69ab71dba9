#pragma once
// The `v1` encoder: retina and V1 energy without trained weights (Henaff, Goris and Simoncelli
// 2019; parameters and sources in v1_retina.h and v1_filters.h). Internal.

#include "physprobe/encoders/encoder.h"

#include <nlohmann/json_fwd.hpp>

#include <memory>

namespace physprobe {

/// Options: size (256; a multiple of 2^scales, or "native" to keep the frames' size), scales (6),
/// orientations (8), readout ("energy"; "amplitude" = its square root), front_end ("retina"; "none"
/// = the pyramid sees pixels). Taps, each one token per frame:
///  "pixel"     grey values 0..1, rows then columns;
///  "retina"    the same shape (absent with front_end none);
///  "v1"        all scales, finest first, inside a scale orientation, row, column;
///  "v1.scaleN" one scale of it.
/// `pooled` and `patch_mean`: for v1 taps the mean over each scale and orientation (scale-major, 48
/// numbers at the defaults); for pixel and retina the 32x32 area-averaged thumbnail (1024 numbers).
/// `encode` takes (B, T, 1, H, W) in 0..1; values outside are Error(kInput), sizes that are no
/// multiple of 2^scales or differ from `size` Error(kUsage). Frames are independent.
std::unique_ptr<Encoder> make_v1_encoder(const nlohmann::json& config);

}  // namespace physprobe
