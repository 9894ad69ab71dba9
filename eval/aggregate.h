#pragma once
// From items.jsonl to results.json: scores with n and interval, layer profiles against pixels,
// nulls, notes, provenance.

#include "physprobe/eval/embedding_pass.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace physprobe {

/// Collects what the scores need from item lines, in manifest order; a few numbers per item and
/// tap.
class Aggregator {
 public:
  Aggregator(const Suite& suite, const std::vector<EmbeddingJob>& jobs);
  ~Aggregator();
  Aggregator(const Aggregator&) = delete;
  Aggregator& operator=(const Aggregator&) = delete;

  /// One finished line, neighbours included.
  void add(const nlohmann::ordered_json& line);

  /// A sentence that a reader of the results must know.
  void note(const std::string& text);

  /// The document of docs/run_format.md. Call once, last.
  nlohmann::ordered_json results(int64_t items, int64_t failed, const std::string& layout);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// results.json's scores as CSV text.
std::string scores_csv(const nlohmann::ordered_json& results);

}  // namespace physprobe
