#pragma once
// One line of items.jsonl (docs/run_format.md), built from an item and its stored records alone, so
// that a finished item never needs its video again.

#include "physprobe/eval/embedding_pass.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

/// `records[i]` is the record of `jobs[i]`. Neighbours are added later, when all items are known.
nlohmann::ordered_json item_line(const Suite& suite,
                                 const DatasetItem& item,
                                 const std::string& video_digest,
                                 const std::vector<EmbeddingJob>& jobs,
                                 const std::vector<StoreRecord>& records,
                                 const nlohmann::ordered_json& media);

}  // namespace physprobe
