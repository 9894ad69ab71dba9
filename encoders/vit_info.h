#pragma once
// What an encoder or predictor of the ViT families says of itself: id, description, identity for
// cache keys. Internal.

#include "physprobe/encoders/encoder.h"
#include "physprobe/encoders/vit_family.h"

#include <cstdint>
#include <string>

namespace physprobe {

/// Where a model's numbers come from.
struct VitOrigin {
  std::string path;
  std::string digest;
  std::string id_suffix;
  std::string detection;
  std::string holder;  ///< Of one of several models in a file; part of its identity.
};

/// Of freshly drawn weights.
VitOrigin drawn_origin(uint64_t seed);

/// Everything but the taps.
EncoderInfo describe_vit(const VitFamily& family,
                         const VitConfig& config,
                         const PreprocessSpec& preprocess,
                         const VitOrigin& origin);

}  // namespace physprobe
