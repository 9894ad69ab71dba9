#pragma once
// The index on disk: FAISS's own file and a JSON sidecar that says what it is and carries its
// digest. The file is a cache of a store: anything unexpected means "build it again", and FAISS,
// whose readers crash on damaged files, never sees bytes that were not checked first. Internal.

#include "physprobe/memory/visual_memory.h"

#include <memory>
#include <string>
#include <vector>

namespace faiss {
struct IndexFlat;
}

namespace physprobe {

struct IndexContent {
  std::unique_ptr<faiss::IndexFlat> index;
  Metric metric;
  std::vector<MemoryCase> cases;
};

/// Throws Error(kResource). The index file is replaced before its sidecar: killed between the two,
/// the old sidecar's digest refuses the new file.
void write_index_file(const std::string& path,
                      const std::string& source_digest,
                      const faiss::IndexFlat& index,
                      Metric metric,
                      const std::vector<MemoryCase>& cases);

/// Throws Error(kInput) if one of the two files is missing, Error(kIncompatible) naming what does
/// not fit.
IndexContent read_index_file(const std::string& path, const std::string& expected_source_digest);

}  // namespace physprobe
