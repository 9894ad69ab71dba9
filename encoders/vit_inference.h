#pragma once
// The architecture of a vision transformer from the shapes of its tensors. Internal.

#include "physprobe/encoders/checkpoint.h"
#include "physprobe/encoders/vit_detection.h"
#include "physprobe/encoders/vit_family.h"

namespace physprobe {

/// `family.base` with everything that shapes show: all but the heads. Throws Error(kIncompatible)
/// when a tensor that every model of the family has is missing or has an impossible shape.
VitConfig infer_vit_config(const Checkpoint& checkpoint,
                           const ModelNames& model,
                           const VitFamily& family,
                           const VitNaming& naming);

}  // namespace physprobe
