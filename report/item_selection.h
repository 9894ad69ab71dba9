#pragma once
// Which videos stand on the page itself: those straightened least and most, around the median, and
// a random draw. Internal.

#include "physprobe/report/report.h"
#include "physprobe/report/run_files.h"

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

struct ItemGroup {
  std::string key;             ///< "worst", "best", "median", "random", "all", "more".
  std::vector<int64_t> items;  ///< Indices into RunFiles::items(), in the order shown.
};

/// No item stands in two groups; when the options cover the whole run there is one group, "all", in
/// the run's order. Items whose change is undefined can only be drawn at random. Ties by id.
std::vector<ItemGroup> select_items(const std::vector<ItemSummary>& items,
                                    const ReportOptions& options);

/// The order in which the groups' items are given room: one of each group in turn.
std::vector<int64_t> room_order(const std::vector<ItemGroup>& groups);

}  // namespace physprobe
