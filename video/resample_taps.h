#pragma once
// Which input positions make up each output position of a separable resize, and with which weights:
// the definitions that separate Pillow, torch with and torch without antialiasing. Internal to
// `video/`.

#include "physprobe/core/preprocess_spec.h"

#include <cstdint>
#include <vector>

namespace physprobe {

/// Taps of the output positions [begin, begin + size()) of one axis.
struct ResampleTaps {
  std::vector<int32_t> first;    ///< First input position of each output position.
  std::vector<int32_t> count;    ///< Number of taps of each.
  std::vector<uint64_t> offset;  ///< Where its weights begin in the arrays below.
  std::vector<float> weights;
  std::vector<int32_t> fixed_weights;  ///< The weights in Pillow's fixed point, units of 2^-22.
  int32_t input_begin = 0;             ///< Smallest and one past the largest input position used.
  int32_t input_end = 0;

  int64_t size() const { return static_cast<int64_t>(first.size()); }
};

/// Fractional bits of Pillow's weights for 8-bit images.
constexpr int kPillowPrecisionBits = 22;

/// Taps for resizing `n_in` positions to `n_out`, of which [begin, end) are wanted. Equal sizes
/// give one tap of weight 1. Throws Error(kUsage) for lanczos without antialiasing, which no
/// reference defines.
ResampleTaps make_resample_taps(int64_t n_in,
                                int64_t n_out,
                                int64_t begin,
                                int64_t end,
                                ResampleFilter filter,
                                ResampleArithmetic arithmetic);

}  // namespace physprobe
