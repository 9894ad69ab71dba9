#pragma once
// What lies in a store's folder: the marker file that makes it a store, and the numbered segment
// files. Internal.

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// A sealed segment as found by listing.
struct SegmentName {
  int64_t number = 0;
  std::string name;  ///< "seg-000000.h5"
};

std::string segment_name(int64_t number);

/// True if the folder holds a marker file, whatever its content.
bool is_store_folder(const std::string& directory);

/// Writes the marker if it is absent. Throws Error(kInput) if segments exist without it,
/// Error(kResource).
void create_store_marker(const std::string& directory);

/// Throws Error(kInput) if the folder is no store or its marker is damaged, Error(kIncompatible)
/// for another schema.
void check_store_marker(const std::string& directory);

/// Sealed segments by number. Listing is repeated until two listings agree on everything below the
/// highest number, because a directory read while files appear may miss an earlier one. Throws
/// Error(kInput).
std::vector<SegmentName> list_segments(const std::string& directory);

}  // namespace physprobe
