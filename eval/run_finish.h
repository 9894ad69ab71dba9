#pragma once
// The end of a run or merge: nearest cases over all finished items, items in manifest order,
// scores, COMPLETE.

#include "physprobe/eval/run_directory.h"
#include "physprobe/eval/run_plan.h"

#include <functional>
#include <string>
#include <vector>

namespace physprobe {

struct FinishInput {
  const Suite& suite;
  const std::vector<EmbeddingJob>& jobs;
  std::vector<std::string> ids;  ///< All items in manifest order, failed ones included.
  std::string layout;
  std::vector<std::string> left_out;  ///< Dataset::left_out, which becomes notes.
  std::function<at::Tensor(const std::string& key)>
      retrieval_vector;                                       ///< (D) float32 of a stored record.
  std::vector<std::pair<std::string, std::string>> failures;  ///< id, JSON line; manifest order.
  int threads = 0;
};

/// Writes items.jsonl (in order, with neighbours), failures.jsonl, results.json, results.csv and
/// COMPLETE. `items_source` holds the unordered lines (may be the run's own items.jsonl). Throws
/// Error(kInternal) if an item has neither line nor failure.
void finish_run(const RunPaths& paths, const std::string& items_source, const FinishInput& input);

}  // namespace physprobe
