#pragma once
// Records on their way into a store: collected, then sealed together, so that a run does not end in
// thousands of tiny segments.

#include "physprobe/memory/embedding_store.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace physprobe {

class PendingRecords {
 public:
  explicit PendingRecords(EmbeddingStore& store);

  /// Known, whether already sealed or still waiting.
  bool contains(const std::string& key) const;
  void add(StoreRecord record);
  /// A waiting or sealed record.
  StoreRecord get(const std::string& key) const;
  /// Enough is waiting (bytes or seconds) to be worth a segment.
  bool is_due() const;
  /// Seals what waits; everything added so far is durable afterwards.
  void flush();

 private:
  EmbeddingStore& store_;
  std::map<std::string, StoreRecord> waiting_;
  std::vector<std::string> order_;
  std::size_t bytes_ = 0;
  std::chrono::steady_clock::time_point last_flush_;
};

}  // namespace physprobe
