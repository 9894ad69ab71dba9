#pragma once
// The videos that the page has no room for: report_data/page-NNN.js (cards) and index-NNN.js (which
// id stands where), read by the page through <script> because a page opened from disk may fetch
// nothing. Internal.

#include "physprobe/report/run_files.h"

#include <cstdint>
#include <functional>
#include <string>

namespace physprobe {

struct ItemPages {
  int64_t items = 0;
  int64_t pages = 0;
  int64_t index_files = 0;
};

/// Writes the items for which `is_paged(index)` holds into the existing, empty `directory`, one
/// page in memory at a time.
ItemPages write_item_pages(const RunFiles& run,
                           const std::function<bool(int64_t)>& is_paged,
                           const std::string& directory);

}  // namespace physprobe
