#pragma once
// The end of a segment file, after the HDF5 content: an index of the rows and a footer with
// digests. It makes opening a store cheap (two small reads a segment, HDF5 is not asked) and every
// flipped byte detectable: the footer covers itself, the index and the HDF5 bytes. HDF5 ignores
// what follows its own end of file. Internal.

#include "physprobe/memory/embedding_store.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace physprobe {

/// What the index says about one row of a segment.
struct SealedRow {
  std::string key;
  std::string item_id;
  std::string space;
  std::string digest;  ///< `record_digest`, 64 hexadecimal digits.
};

struct Seal {
  uint64_t hdf5_bytes = 0;
  std::string hdf5_digest;
  std::string index_digest;
  std::vector<SealedRow> rows;
};

/// "float32", "float64", "int64" or "uint8"; Error(kInput) naming `subject` for any other type.
const char* stored_dtype_name(const std::string& subject, at::ScalarType type);

/// SHA-256 over everything in the record, each part preceded by its length, so that no two records
/// share it.
std::string record_digest(const StoreRecord& record);

/// Index and footer to be written behind `hdf5_bytes` bytes of HDF5 content with that digest.
std::string make_seal(uint64_t hdf5_bytes,
                      const std::string& hdf5_digest,
                      const std::vector<SealedRow>& rows);

/// Reads and checks index and footer. Throws Error(kInput) saying what is damaged,
/// Error(kIncompatible) for a footer of another schema. The HDF5 bytes are not read.
Seal read_seal(const std::string& path);

/// Digest of the first `count` bytes of a file. Throws Error(kInput).
std::string sha256_file_prefix(const std::string& path, uint64_t count);

}  // namespace physprobe
