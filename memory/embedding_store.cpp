#include "physprobe/memory/embedding_store.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/memory/segment_file.h"
#include "physprobe/memory/segment_image.h"
#include "physprobe/memory/segment_seal.h"
#include "physprobe/memory/store_folder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <filesystem>
#include <fstream>
#include <set>
#include <string_view>
#include <unordered_map>

namespace physprobe {

namespace {

struct Segment {
  std::string name;
  std::string path;
  Seal seal;                ///< Its rows are moved into the store's table.
  std::string damage;       ///< "" if the seal is intact.
  bool is_checked = false;  ///< The HDF5 content fits its digest.
};

struct Row {
  SealedRow sealed;
  std::size_t segment;
  int64_t row;
};

bool is_key(const std::string& key) {
  return key.size() == 64 && std::all_of(key.begin(), key.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

[[noreturn]] void throw_input(const std::string& subject, const std::string& message) {
  throw Error(ErrorKind::kInput, subject, message);
}

/// Refuses what cannot be stored exactly. Throws Error(kInput) naming the item.
void check_record(const StoreRecord& record) {
  const std::string subject = record.item_id.empty() ? record.key : record.item_id;
  if (!is_key(record.key)) {
    throw_input(subject, "has the key '" + record.key + "', expected 64 digits 0-9a-f");
  }
  const auto refuse_nul = [&](const std::string& text, const char* what) {
    if (text.find('\0') != std::string::npos) {
      throw_input(subject, std::string("has a zero byte in its ") + what);
    }
  };
  refuse_nul(record.item_id, "item id");
  refuse_nul(record.space, "space");
  refuse_nul(record.meta, "meta line");
  for (const auto& [name, tensor] : record.fields) {
    if (name.empty()) throw_input(subject, "has a field without a name");
    refuse_nul(name, "field name");
    if (!tensor.defined()) throw_input(subject, "has no values in the field '" + name + "'");
    stored_dtype_name(subject + ", field '" + name + "'", tensor.scalar_type());
  }
  const auto retrieval = record.fields.find("retrieval");
  if (retrieval != record.fields.end() && retrieval->second.is_floating_point() &&
      !at::isfinite(retrieval->second).all().item<bool>()) {
    throw_input(
        subject,
        "has NaN or infinity in its retrieval vector; such an item fails, it is not stored");
  }
}

class SegmentStore final : public EmbeddingStore {
 public:
  enum class Source { kFolder, kExport };

  SegmentStore(std::string path, Source source, std::unique_ptr<DirectoryLock> lock)
      : path_(std::move(path)), source_(source), lock_(std::move(lock)) {
    SegmentStore::refresh();
  }

  void append(const std::vector<StoreRecord>& batch) override {
    if (!lock_) throw Error(ErrorKind::kInternal, path_, "was opened for reading");
    require_intact();
    if (batch.empty()) return;
    std::set<std::string> keys;
    for (const StoreRecord& record : batch) {
      check_record(record);
      if (contains(record.key) || !keys.insert(record.key).second) {
        throw_input(record.item_id, "has a key that is already in the store: " + record.key);
      }
    }
    std::vector<RecordLayout> layouts;
    Segment segment;
    for (const StoreRecord& record : batch) {
      layouts.push_back(layout_of(record));
      segment.seal.rows.push_back(
          {record.key, record.item_id, record.space, record_digest(record)});
    }
    segment.name = segment_name(next_number_);
    segment.path = path_ + "/" + segment.name;
    std::string content = make_segment_image(
        segment.path, layouts, [&](int64_t i) { return batch[static_cast<std::size_t>(i)]; });
    segment.seal.hdf5_bytes = content.size();
    segment.seal.hdf5_digest = sha256_hex(content);
    content += make_seal(content.size(), segment.seal.hdf5_digest, segment.seal.rows);
    try {
      write_file_atomic(segment.path, content);
    } catch (...) {
      // The rename may have happened although the directory could not be flushed: look again, so
      // that the file is neither overwritten nor its rows taken as missing.
      refresh();
      throw;
    }
    segment.is_checked = true;
    add(std::move(segment), next_number_);
  }

  bool contains(const std::string& key) const override {
    require_intact();
    return by_key_.count(key) > 0;
  }

  int64_t size() const override {
    require_intact();
    return static_cast<int64_t>(rows_.size());
  }

  StoreRecord read(const std::string& key,
                   const std::vector<std::string>& only_fields) const override {
    const Row& row = row_of(key);
    const Hdf5Session session;  // guards the opened segment too
    return opened(row.segment).read(row.row, only_fields);
  }

  std::vector<FieldLayout> fields(const std::string& key) const override {
    const Row& row = row_of(key);
    const Hdf5Session session;
    return opened(row.segment).layout(row.row).fields;
  }

  void for_each_key(
      const std::function<void(const std::string&, const std::string&, const std::string&)>& body)
      const override {
    require_intact();
    for (const Row& row : rows_) body(row.sealed.key, row.sealed.item_id, row.sealed.space);
  }

  void refresh() override {
    if (source_ == Source::kExport) {
      if (segments_.empty()) load(std::filesystem::path(path_).filename().string(), path_, 0);
      return;
    }
    for (const SegmentName& found : list_segments(path_)) {
      if (found.number >= next_number_) load(found.name, path_ + "/" + found.name, found.number);
    }
  }

  std::vector<StoreFinding> verify() const override {
    std::vector<StoreFinding> findings;
    if (source_ == Source::kExport) {
      const std::string problem = check_segment(path_);
      if (!problem.empty()) findings.push_back({segments_.front().name, problem});
      return findings;
    }
    try {
      check_store_marker(path_);
    } catch (const Error& error) {
      findings.push_back({"", error.what()});
    }
    int64_t expected = 0;
    std::unordered_map<std::string, std::string> first_segment;
    for (const SegmentName& found : list_segments(path_)) {
      for (; expected < found.number; ++expected) {
        findings.push_back({segment_name(expected),
                            "is missing: lost, or moved away; its rows have to be computed again"});
      }
      expected = found.number + 1;
      const std::string path = path_ + "/" + found.name;
      const std::string problem = check_segment(path);
      if (!problem.empty()) {
        findings.push_back(
            {found.name, problem + "; restore it from a copy, or move it out of the folder: its "
                                   "rows are then computed again"});
        continue;
      }
      for (const SealedRow& row : read_seal(path).rows) {
        const auto [other, is_new] = first_segment.emplace(row.key, found.name);
        if (!is_new) {
          findings.push_back({found.name, "repeats the key " + row.key + " of " + other->second +
                                              "; move one of the two out of the folder"});
        }
      }
    }
    for (const Segment& segment : segments_) {
      if (!std::filesystem::exists(segment.path)) {
        findings.push_back({segment.name, "has disappeared since the store was opened"});
      }
    }
    return findings;
  }

  std::string content_digest() const override {
    require_intact();
    std::vector<const SealedRow*> sorted;
    sorted.reserve(rows_.size());
    for (const Row& row : rows_) sorted.push_back(&row.sealed);
    std::sort(sorted.begin(), sorted.end(),
              [](const SealedRow* a, const SealedRow* b) { return a->key < b->key; });
    Sha256 digest;
    for (const SealedRow* row : sorted) digest.update(row->digest);
    return digest.hex();
  }

  void compact_to(const std::string& path) const override {
    require_intact();
    std::vector<RecordLayout> layouts;
    std::vector<SealedRow> sealed;
    const Hdf5Session session;
    for (const Row& row : rows_) {
      layouts.push_back(opened(row.segment).layout(row.row));
      sealed.push_back(row.sealed);
    }
    const std::string temporary = temporary_sibling(path);
    try {
      write_segment_content(temporary, path, layouts, [this](int64_t i) {
        const Row& row = rows_[static_cast<std::size_t>(i)];
        return opened(row.segment).read(row.row, {});
      });
      const uint64_t bytes = std::filesystem::file_size(temporary);
      const std::string seal = make_seal(bytes, sha256_file_prefix(temporary, bytes), sealed);
      std::ofstream out(temporary, std::ios::binary | std::ios::app);
      out.write(seal.data(), static_cast<std::streamsize>(seal.size()));
      out.close();
      if (!out) throw Error(ErrorKind::kResource, path, "cannot be written; is the disk full?");
      commit_file(temporary, path);
    } catch (...) {
      std::error_code ignored;
      std::filesystem::remove(temporary, ignored);
      throw;
    }
  }

 private:
  /// A damaged segment makes everything but `verify` fail: rows must not vanish silently.
  void require_intact() const {
    if (damaged_.empty()) return;
    const Segment& segment = segments_[damaged_.front()];
    throw_input(segment.path,
                segment.damage +
                    fmt::format(" ({} of {} segments damaged); `verify` lists them all; restore "
                                "them or move them out of the folder",
                                damaged_.size(), segments_.size()));
  }

  const Row& row_of(const std::string& key) const {
    require_intact();
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) throw_input(path_, "has no row with the key " + key);
    return rows_[found->second];
  }

  void load(const std::string& name, const std::string& path, int64_t number) {
    Segment segment;
    segment.name = name;
    segment.path = path;
    try {
      segment.seal = read_seal(path);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInput) throw;
      segment.damage = error.message();
    }
    add(std::move(segment), number);
  }

  void add(Segment segment, int64_t number) {
    int64_t row = -1;
    for (SealedRow& sealed : segment.seal.rows) {
      ++row;
      if (by_key_.count(sealed.key) > 0) {
        segment.damage = "repeats the key " + sealed.key + " of another segment";
        continue;
      }
      rows_.push_back({std::move(sealed), segments_.size(), row});
      by_key_.emplace(rows_.back().sealed.key, rows_.size() - 1);
    }
    segment.seal.rows = {};
    if (!segment.damage.empty()) damaged_.push_back(segments_.size());
    segments_.push_back(std::move(segment));
    next_number_ = number + 1;
  }

  /// The segment's open file; one is kept open. HDF5 never sees bytes whose digest does not fit.
  const SegmentFile& opened(std::size_t index) const {
    if (opened_ && opened_index_ == index) return *opened_;
    opened_.reset();
    Segment& segment = segments_[index];
    if (!segment.is_checked) {
      if (sha256_file_prefix(segment.path, segment.seal.hdf5_bytes) != segment.seal.hdf5_digest) {
        throw_input(segment.path,
                    "is damaged: its content does not fit its digest; restore it or move it out of "
                    "the folder");
      }
      segment.is_checked = true;
    }
    opened_ = std::make_unique<SegmentFile>(segment.path);
    opened_index_ = index;
    return *opened_;
  }

  std::string path_;
  Source source_;
  std::unique_ptr<DirectoryLock> lock_;
  mutable std::vector<Segment> segments_;
  std::vector<std::size_t> damaged_;
  std::deque<Row> rows_;  ///< A deque: the views in `by_key_` stay valid.
  std::unordered_map<std::string_view, std::size_t> by_key_;
  int64_t next_number_ = 0;
  mutable std::unique_ptr<SegmentFile> opened_;
  mutable std::size_t opened_index_ = 0;
};

}  // namespace

bool is_store_export(const std::string& path) {
  try {
    read_seal(path);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::unique_ptr<EmbeddingStore> EmbeddingStore::open_writer(const std::string& directory) {
  create_directories(directory);
  auto lock = std::make_unique<DirectoryLock>(directory);
  remove_leftover_temporaries(directory);
  create_store_marker(directory);
  check_store_marker(directory);
  return std::make_unique<SegmentStore>(directory, SegmentStore::Source::kFolder, std::move(lock));
}

std::unique_ptr<EmbeddingStore> EmbeddingStore::open_reader(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) {
    return std::make_unique<SegmentStore>(path, SegmentStore::Source::kExport, nullptr);
  }
  check_store_marker(path);
  return std::make_unique<SegmentStore>(path, SegmentStore::Source::kFolder, nullptr);
}

}  // namespace physprobe
