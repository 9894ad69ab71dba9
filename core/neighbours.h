#pragma once
// What retrieval hands to probes: ids and distances, free of any index library.

#include <string>
#include <vector>

namespace physprobe {

/// Row q holds the cases nearest to query q, nearest first, ties by id. A row has k entries, or
/// fewer when fewer cases remain after exclusion; there is never a filler entry.
struct Neighbours {
  std::vector<std::vector<std::string>> ids;
  std::vector<std::vector<double>> distances;  ///< Same shape as `ids`; unit as the metric says.
};

}  // namespace physprobe
