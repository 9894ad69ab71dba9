#pragma once
// Checkpoints split over several safetensors files, as described by a `*.safetensors.index.json`.

#include <map>
#include <string>

namespace physprobe {

/// The file of each tensor, by tensor name, as an absolute path. Throws Error(kInput) if the index
/// is malformed, names a tensor twice, names a shard outside its own folder or one that does not
/// exist. Symbolic links inside the folder may lead elsewhere: download caches keep the content
/// that way.
std::map<std::string, std::string> read_safetensors_index(const std::string& index_json_path);

}  // namespace physprobe
