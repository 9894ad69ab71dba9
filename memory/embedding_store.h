#pragma once
// A durable, content-keyed store of numeric results: a folder of sealed HDF5 segments. Each batch
// is written to a temporary file, fsynced, renamed seg-NNNNNN.h5 and its directory fsynced before
// it is acknowledged; nothing is ever written into a sealed file. So a process killed at any moment
// loses no acknowledged row. docs/store_format.md describes the files.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace physprobe {

/// One stored result.
struct StoreRecord {
  std::string key;      ///< Cache key, 64 hexadecimal digits; unique in the store.
  std::string item_id;  ///< For people and for retrieval; not unique (several encoders).
  std::string space;    ///< What the vectors are comparable with: encoder id + weights digest +
                        ///< preprocessing digest.
  std::string meta;     ///< One line of JSON kept verbatim.
  std::map<std::string, at::Tensor>
      fields;  ///< float32, float64, int64 or uint8; any shape; may differ per record.
};

/// One field of a record, without its values.
struct FieldLayout {
  std::string name;
  at::ScalarType dtype;
  std::vector<int64_t> shape;
};

struct StoreFinding {
  std::string segment;  ///< File name, "" for the store itself.
  std::string problem;  ///< What is wrong and what to do.
};

/// True if the file is one that `EmbeddingStore::compact_to` wrote, or a segment, and whole at its
/// end.
bool is_store_export(const std::string& path);

/// One writer (a lock file names it; a second gets Error(kResource) naming the holder), any number
/// of readers, each of which sees a complete prefix: the segments sealed when it opened or last
/// refreshed. Const functions may be called from several threads at once (HDF5 itself runs one at a
/// time); append and refresh need the object for themselves.
class EmbeddingStore {
 public:
  /// Creates the folder if needed and takes the lock. Leftover temporary files of dead writers are
  /// removed.
  static std::unique_ptr<EmbeddingStore> open_writer(const std::string& directory);
  /// A store's folder or one file written by `compact_to`. Error(kInput) if there is no store;
  /// Error(kIncompatible) for another schema. A store with damaged segments opens, so that `verify`
  /// can name them; everything else then throws.
  static std::unique_ptr<EmbeddingStore> open_reader(const std::string& path);
  virtual ~EmbeddingStore() = default;

  /// Seals one segment with these records, in this order; durable when it returns. Empty batch:
  /// nothing happens. Error(kInput) for a key already present (or twice in the batch) and for
  /// non-finite floating-point values in the field "retrieval".
  virtual void append(const std::vector<StoreRecord>& batch) = 0;

  virtual bool contains(const std::string& key) const = 0;
  virtual int64_t size() const = 0;
  /// Fields of one record (all, or only those named); Error(kInput) if absent or its segment is
  /// damaged.
  virtual StoreRecord read(const std::string& key,
                           const std::vector<std::string>& only_fields = {}) const = 0;
  /// What `read` would give, in order of name; the same errors.
  virtual std::vector<FieldLayout> fields(const std::string& key) const = 0;
  /// Key, item_id and space of every record in order of sealing, without touching the fields.
  virtual void for_each_key(const std::function<void(const std::string& key,
                                                     const std::string& item_id,
                                                     const std::string& space)>& body) const = 0;
  /// Looks for newly sealed segments (readers).
  virtual void refresh() = 0;
  /// Reads everything and checks every digest; finds any flipped byte.
  virtual std::vector<StoreFinding> verify() const = 0;
  /// Digest over the records' digests in order of keys: names the content, however it is cut into
  /// segments.
  virtual std::string content_digest() const = 0;
  /// Merges everything into one segment file at `path` (for export).
  virtual void compact_to(const std::string& path) const = 0;
};

}  // namespace physprobe
