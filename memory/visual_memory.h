#pragma once
// Nearest stored cases: an exact FAISS index over vectors with our own ids, exclusion rules and tie
// order.

#include "physprobe/core/neighbours.h"
#include "physprobe/memory/embedding_store.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace physprobe {

enum class Metric {
  kCosine,  ///< Distance 1 - cosine of L2-normalised rows, in [0, 2]; a zero vector is refused.
  kInnerProduct,  ///< Distance = minus the inner product (so that smaller is nearer).
  kL2,            ///< Euclidean distance (not squared).
};
Metric metric_from_name(
    const std::string& name);  ///< "cosine", "ip", "l2"; Error(kUsage) with the nearest.
const char* metric_name(Metric metric);

enum class Exclude {
  kNothing,
  kItem,   ///< The case with the query's own id.
  kGroup,  ///< Every case of the query's own (non-empty) group, and the query itself.
};
Exclude exclude_from_name(const std::string& name);  ///< "none", "item", "group".

struct MemoryCase {
  std::string id;     ///< Unique in the memory.
  std::string group;  ///< "" if none.
  std::string label;  ///< "" if none.
};

struct MemoryQuery {
  at::Tensor vectors;            ///< (Q, D) float32.
  std::vector<std::string> ids;  ///< Q own ids for exclusion; may be empty when Exclude::kNothing.
  std::vector<std::string> groups;  ///< Q groups; may be empty unless Exclude::kGroup.
  int64_t k = 10;
  Exclude exclude = Exclude::kItem;
  int threads = 0;
};

class VisualMemory {
 public:
  /// Empty memory for vectors of this dimension.
  static std::unique_ptr<VisualMemory> create(int64_t dimension, Metric metric);
  /// Loads an index file written by `save`; its sidecar's digests (index file, source store) are
  /// checked first: Error(kIncompatible) on any mismatch, the caller rebuilds.
  static std::unique_ptr<VisualMemory> load(const std::string& path,
                                            const std::string& expected_source_digest);
  virtual ~VisualMemory() = default;

  virtual int64_t size() const = 0;
  virtual int64_t dimension() const = 0;
  virtual Metric metric() const = 0;
  virtual const std::vector<MemoryCase>& cases() const = 0;
  /// (N, D) float32 rows with their cases. Error(kInput) for non-finite rows, zero rows under
  /// cosine, duplicate ids.
  virtual void add(const at::Tensor& vectors, const std::vector<MemoryCase>& cases) = 0;
  virtual void remove(const std::vector<std::string>& ids) = 0;
  /// Exact k nearest of the cases left after exclusion; ties by id. The same bits for any thread
  /// count and query batch.
  virtual Neighbours search(const MemoryQuery& query) const = 0;
  /// Atomic: index file plus "<path>.json" with ids, groups, labels, metric, dimension, digests.
  virtual void save(const std::string& path, const std::string& source_digest) const = 0;
};

}  // namespace physprobe
