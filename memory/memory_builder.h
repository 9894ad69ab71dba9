#pragma once
// From a store to a memory: which vector spaces it holds, and one case per item of one of them.

#include "physprobe/memory/embedding_store.h"
#include "physprobe/memory/visual_memory.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace physprobe {

/// The records of one space that have a vector in the field "retrieval". Of several records of one
/// item (its video was changed, or it was embedded again with more fields) the one sealed last
/// counts.
struct RetrievalSpace {
  std::string name;
  std::vector<std::string> ids;   ///< Items in order of their first record.
  std::vector<std::string> keys;  ///< As `ids`: the record that counts.
  int64_t dimension = 0;
  int64_t superseded = 0;  ///< Records that do not count, a later one of the same item existing.
};

/// Every space with retrieval vectors, by name.
std::vector<RetrievalSpace> retrieval_spaces(const EmbeddingStore& store);

/// The only space, or the only one whose name begins with `prefix`. Throws Error(kInput) naming
/// `subject` if the store holds no retrieval vectors, Error(kUsage) listing the spaces if the
/// choice is not unique.
RetrievalSpace choose_space(const EmbeddingStore& store,
                            const std::string& subject,
                            const std::string& prefix);

/// A memory with one case per item; groups and labels from `known` (by id) where it has the item.
/// Throws Error(kInput) naming the item for a vector of another dimension, or one the metric
/// refuses.
std::unique_ptr<VisualMemory> build_memory(const EmbeddingStore& store,
                                           const RetrievalSpace& space,
                                           Metric metric,
                                           const std::map<std::string, MemoryCase>& known = {});

/// The item's vector (1, D) float32. Throws Error(kUsage) with the nearest ids if it is not there.
at::Tensor retrieval_vector(const EmbeddingStore& store,
                            const RetrievalSpace& space,
                            const std::string& id);

/// Names what an index of this space was made from.
std::string source_digest(const EmbeddingStore& store, const RetrievalSpace& space);

}  // namespace physprobe
