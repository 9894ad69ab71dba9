#pragma once
// Weights of a predictor or decoder (vit_decoder.h) beside its encoders in a file. Internal.

#include "physprobe/encoders/checkpoint.h"
#include "physprobe/encoders/checkpoint_loader.h"
#include "physprobe/encoders/vit_decoder.h"
#include "physprobe/encoders/vit_family.h"
#include "physprobe/encoders/vit_parameters.h"

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

struct VitDecoderFacts {
  VitDecoderConfig config;
  const VitNaming* naming = nullptr;
  std::string holder;  ///< What precedes its names in the file.
  std::string line;    ///< One line for people.
};

struct VitDecoderWeights {
  VitDecoderFacts facts;
  VitParameters parameters;
  std::vector<std::string> unused;  ///< Under its holder, known, without a use.
};

/// Whether the file holds a predictor or decoder that is known.
bool holds_predictor(const Checkpoint& checkpoint);

/// Reads the architecture off names, shapes and a config.json. `encoder` is what it belongs to:
/// its positions and grid are the predictor's. `heads`: 0 leaves them to config.json, the metadata
/// (predictor_num_heads), the published size of this width, or 32 numbers a head. Throws
/// Error(kIncompatible) for a file without a predictor, or of another family.
VitDecoderFacts read_vit_decoder_facts(const Checkpoint& checkpoint,
                                       const VitFamily& family,
                                       const VitConfig& encoder,
                                       int64_t heads);

/// Loads strictly, as load_vit does.
VitDecoderWeights load_vit_decoder(const Checkpoint& checkpoint,
                                   const VitFamily& family,
                                   const VitConfig& encoder,
                                   int64_t heads);

}  // namespace physprobe
