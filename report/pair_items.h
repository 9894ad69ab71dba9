#pragma once
// The item table of a page of minimal-pair scores: columns, choices and rows for the page's script,
// texts that repeat (questions, candidates) stored once. Internal.

#include <nlohmann/json_fwd.hpp>

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
/// The same of the examples of grouped scores; `kinds` as results.json lists them.
PairItemTable grouped_item_table(const std::string& items_path,
                                 const nlohmann::json& kinds,
                                 int64_t max_bytes);

}  // namespace physprobe
