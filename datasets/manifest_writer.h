#pragma once
// Writes items as a manifest that `load_dataset` reads back as they were.

#include "physprobe/datasets/dataset.h"

#include <string>
#include <vector>

namespace physprobe {

/// CSV text: the columns id and path, every other standard column that some item fills, then all
/// attributes in byte order. The path column holds `relative_path`; an empty attribute is read back
/// as absent. Throws Error(kUsage) if an attribute has no name or a standard column's, or if an
/// item has no id or path.
std::string manifest_csv(const std::vector<DatasetItem>& items);

/// The same written atomically to `path`. Also throws Error(kResource).
void write_manifest_csv(const std::string& path, const std::vector<DatasetItem>& items);

}  // namespace physprobe
