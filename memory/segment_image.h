#pragma once
// The HDF5 content of a segment, written in one pass. Batches are built in memory and then written
// by core's atomic file, so that HDF5 never sees a full disk; exports go straight to a file because
// they may be larger than memory. The layout is described in docs/store_format.md. Internal.

#include "physprobe/memory/embedding_store.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace physprobe {

/// One record, without its values.
struct RecordLayout {
  std::string key;
  std::string item_id;
  std::string space;
  std::string meta;
  std::vector<FieldLayout> fields;  ///< In order of name.
};

/// Layout of a record held in memory. Throws Error(kInput) for a type that cannot be stored.
RecordLayout layout_of(const StoreRecord& record);

/// Delivers record i; called once for each, in order.
using RecordSource = std::function<StoreRecord(int64_t)>;

/// HDF5 content as bytes. Throws Error(kInternal) naming `subject`.
std::string make_segment_image(const std::string& subject,
                               const std::vector<RecordLayout>& layouts,
                               const RecordSource& source);

/// HDF5 content in a new file at `path`. Throws Error(kResource) naming `subject`.
void write_segment_content(const std::string& path,
                           const std::string& subject,
                           const std::vector<RecordLayout>& layouts,
                           const RecordSource& source);

}  // namespace physprobe
