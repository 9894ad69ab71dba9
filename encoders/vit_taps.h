#pragma once
// The places in a vision transformer whose activations can be read, by name. Internal.

#include "physprobe/encoders/encoder.h"
#include "physprobe/encoders/vit_config.h"

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

struct VitTap {
  enum class Place { kPixel, kTokens, kPooled };
  enum class Part { kAll, kClass, kDistillation, kRegisters, kPatches };

  Place place = Place::kPixel;
  int64_t block = -1;      ///< Of kTokens: after which block; -1: entering block 0.
  bool is_normed = false;  ///< Of kTokens: the final layer norm is applied.
  Part part = Part::kAll;  ///< Of kTokens.

  /// The last block that must be run for it; -1: none; -2: not even the patch embedding.
  int64_t last_block(const VitConfig& config) const;
  /// First token of the part and how many there are, of prefix + `patches` tokens.
  int64_t first_row(const VitConfig& config) const;
  int64_t rows(const VitConfig& config, int64_t patches) const;
};

struct NamedVitTap {
  TapInfo info;
  VitTap tap;
};

/// "pixel", "embed" (entering block 0), "block<k>", "block<k>.norm", "norm" (the last block's,
/// normed), "pooled"; each place of tokens also as ".cls", ".distillation", ".registers" and
/// ".patches" where the model has them. `pixel_values`: numbers in a frame, 0 if that depends on
/// the video.
std::vector<NamedVitTap> vit_taps(const VitConfig& config, int64_t pixel_values);

}  // namespace physprobe
