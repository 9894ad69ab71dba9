#pragma once
// The header of a safetensors file as validated data. Internal to core; safetensors.cpp does the
// file's part.

#include "physprobe/core/element_type.h"
#include "physprobe/core/safetensors.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace physprobe {

struct SafetensorsHeader {
  std::vector<TensorEntry> entries;  ///< Sorted by name.
  std::map<std::string, std::string> metadata;
};

/// Parses the JSON text and checks every entry against the `data_size_bytes` that follow it. Throws
/// Error(kInput) naming the first defect.
SafetensorsHeader parse_safetensors_header(const std::string& path,
                                           std::string_view text,
                                           uint64_t data_size_bytes);

/// The element type behind a dtype name; nullopt for names of the format that no tensor is made of
/// here (F8 and complex kinds).
std::optional<ElementType> element_type_of_dtype(const std::string& dtype);

}  // namespace physprobe
