#pragma once
// What a checkpoint holds, from its names and shapes alone: which of several models in the file,
// under which prefix, of which family, in which naming. Internal.

#include "physprobe/encoders/checkpoint.h"
#include "physprobe/encoders/vit_family.h"

#include <map>
#include <string>
#include <vector>

namespace physprobe {

/// The tensors of one model in a file.
struct ModelNames {
  std::string holder;                        ///< "encoder.module.", "vision_model.", "".
  std::vector<std::string> holders;          ///< Of all models in the file.
  std::map<std::string, std::string> names;  ///< Without holder and chunk number -> in the file.
  std::size_t outside = 0;                   ///< Tensors under none or another holder.
};

/// Finds the models of a file by their patch embeddings and picks one: that under `key`
/// ("target_encoder") if given, else the only one, else the first of `preferred`. Throws
/// Error(kIncompatible) when there is none, or several and nothing decides.
ModelNames find_model(const Checkpoint& checkpoint,
                      const std::string& key,
                      const std::vector<std::string>& preferred);

struct VitDetection {
  std::string family;  ///< "" if nothing known.
  const VitNaming* naming = nullptr;
  std::string reason;  ///< What gave it away, or why it is not read.
};

/// The family and naming of a model. `config_text` is that of a config.json, "" without.
VitDetection detect_vit(const ModelNames& model, const Checkpoint& checkpoint);

/// Whether `family` may be used for files that look like `detected`.
bool is_plausible_family(const VitFamily& family, const std::string& detected);

}  // namespace physprobe
