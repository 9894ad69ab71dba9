#pragma once
// Weights of a vision transformer under any known naming: what the tensors' names and shapes say
// about the model, and its parameters under our names. Internal.

#include "physprobe/encoders/checkpoint_loader.h"
#include "physprobe/encoders/vit_config.h"
#include "physprobe/encoders/vit_family.h"
#include "physprobe/encoders/vit_parameters.h"

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// What the user says about a file; 0 and "" leave it to the file.
struct VitRequest {
  std::string family;
  int64_t heads = 0;
  std::string checkpoint_key;  ///< Which of several models in the file ("target_encoder").
};

/// What a file says about its model, without reading its tensors.
struct VitFacts {
  VitConfig config;
  std::string family;
  const VitNaming* naming = nullptr;
  std::string holder;  ///< What precedes the model's names in the file.
  bool is_one_of_several = false;
  std::string heads_from;  ///< "option", "config.json", "metadata", "published size", "width / 64".
  std::string line;        ///< One line for people.
};

struct VitWeights {
  VitFacts facts;
  VitParameters parameters;
  std::vector<std::string> unused;  ///< Under the model's holder, known, without a use.
  std::string path;                 ///< The file or index that was read.
  std::string digest;               ///< Checkpoint::digest().
};

/// Reads the architecture off names, shapes and a config.json. Throws Error(kIncompatible) for what
/// is no vision transformer of the family asked for or of any, Error(kUsage) when the number of
/// heads cannot be known or `checkpoint_key` names nothing.
VitFacts read_vit_facts(const Checkpoint& checkpoint, const VitRequest& request);

/// The facts, and what of the names and shapes does not fit them. Throws like read_vit_facts.
struct VitFit {
  VitFacts facts;
  Misfit misfit;
};
VitFit fit_vit(const Checkpoint& checkpoint, const VitRequest& request);

/// Loads strictly: prefixes of wrappers and chunk numbers are taken off the names; heads of
/// training and everything outside the model are known and unused. Throws Error(kIncompatible)
/// listing every tensor that disagrees, Error(kInput) for a damaged file or values that are not
/// finite.
VitWeights load_vit(const std::string& path, const VitRequest& request);

/// The same from an open file; `digest` is left to the caller.
VitWeights load_vit(const Checkpoint& checkpoint, const VitRequest& request);

}  // namespace physprobe
