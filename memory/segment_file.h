#pragma once
// Reading one sealed segment: its tables are taken into memory once, values are read row by row.
// Internal.

#include "physprobe/memory/hdf5_handles.h"
#include "physprobe/memory/segment_image.h"
#include "physprobe/memory/segment_seal.h"

#include <array>
#include <string>
#include <vector>

namespace physprobe {

class SegmentFile {
 public:
  /// Opens the HDF5 content; the caller has checked the seal. Throws Error(kInput) if something
  /// does not fit, Error(kIncompatible) for another schema.
  explicit SegmentFile(const std::string& path);
  ~SegmentFile();
  SegmentFile(const SegmentFile&) = delete;
  SegmentFile& operator=(const SegmentFile&) = delete;

  int64_t size() const { return static_cast<int64_t>(layouts_.size()); }
  const RecordLayout& layout(int64_t row) const {
    return layouts_.at(static_cast<std::size_t>(row));
  }
  /// One record; `only_fields` empty = all. Names that the record lacks are Error(kInput).
  StoreRecord read(int64_t row, const std::vector<std::string>& only_fields) const;

 private:
  void read_tables();
  at::Tensor read_values(const FieldLayout& field, int64_t offset) const;
  std::vector<int64_t> read_numbers(const char* name) const;
  std::vector<std::string> read_texts(const char* name) const;

  Hdf5Context context_;
  Hdf5File file_;
  std::array<Hdf5Dataset, 4> values_;
  std::array<int64_t, 4> value_counts_{};
  std::vector<RecordLayout> layouts_;
  std::vector<std::vector<int64_t>> offsets_;  ///< As layouts_[row].fields.
};

/// Reads everything and compares it with the seal. Returns "" or what is wrong.
std::string check_segment(const std::string& path);

}  // namespace physprobe
