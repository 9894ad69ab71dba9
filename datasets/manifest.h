#pragma once
// The layout "manifest": a CSV or JSON-lines file that lists the items. Paths are relative to the
// manifest's folder. Internal.

#include "physprobe/datasets/dataset_layout.h"

#include <string>

namespace physprobe {

/// True for a file named .csv, .jsonl or .ndjson, and for a folder that holds `manifest.csv` or
/// `manifest.jsonl` (as rendered worlds do).
bool is_manifest(const std::string& path);

/// Items in the order of the file; ids default to the path without extension. Reports, each with
/// its line: text that is not UTF-8, broken rows, missing and superfluous cells, unknown or doubled
/// columns, bad times, and paths that `ItemLocator` refuses. Rules that concern several items are
/// checked by `check_items`.
DatasetListing list_manifest(const std::string& path, const DatasetOptions& options);

}  // namespace physprobe
