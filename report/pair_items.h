#pragma once
// The item table of a page of minimal-pair scores: rows for the page's script, texts that repeat
// (questions, candidates) stored once. Internal.

#include <cstdint>
#include <string>

namespace physprobe {

struct PairItemTable {
  std::string json;      ///< For a script element.
  int64_t shown = 0;     ///< Rows in it …
  int64_t left_out = 0;  ///< … and in items.jsonl only, for size.
};

/// Reads items.jsonl. Throws Error(kInput) naming a line that is not as docs/minimal_pairs.md says.
PairItemTable pair_item_table(const std::string& items_path, int64_t max_bytes);

}  // namespace physprobe
