#pragma once
// Durable files: a reader sees the old content or the new, never half of either.

#include "physprobe/core/directory_lock.h"  // IWYU pragma: export

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace physprobe {

/// A file under construction: a temporary file beside `path` that takes its name at `commit`.
/// Destroyed without `commit`, it vanishes and the old file stays. All errors are Error(kResource)
/// naming the path and the system's reason. A symbolic link is followed, so that the link itself
/// survives; a pipe or a device is refused.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, std::size_t size_bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// fsync, close, rename, fsync of the directory. Once only.
  void commit();

 private:
  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
};

/// Writes `content` to a temporary file beside `path`, fsyncs, renames, fsyncs the directory.
/// Throws Error(kResource) naming the path and the system's reason; the old file is then intact.
void write_file_atomic(const std::string& path, std::string_view content);

/// fsync of an existing file or directory. Throws Error(kResource).
void fsync_path(const std::string& path);

/// Renames `temporary` (already written) to `path` durably: fsync file, rename, fsync directory.
void commit_file(const std::string& temporary, const std::string& path);

/// A sibling name for a temporary file of `path`: "<path>.tmp-<pid>-<n>".
std::string temporary_sibling(const std::string& path);

/// Makes sure that `size_bytes` more can be written where `temporary` (a new or empty file) lies,
/// by taking the room and giving it back: for writers such as HDF5 that do not survive a full disk.
/// Throws Error(kResource) naming `path`.
void require_room(const std::string& temporary, const std::string& path, uint64_t size_bytes);

/// Removes what dead processes left in `directory` under names made by `temporary_sibling`, files
/// and folders; call it while holding the directory's lock. Returns the number of names removed.
/// Throws Error(kResource).
int remove_leftover_temporaries(const std::string& directory);

/// The same of a directory that may not exist and of all below it; links are not followed.
int remove_leftover_temporaries_below(const std::string& directory);

/// Whole file as bytes. Throws Error(kInput) if missing, unreadable or larger than `max_bytes`.
std::string read_file(const std::string& path, std::size_t max_bytes = std::size_t{1} << 30);

/// Creates the directory and its parents. Throws Error(kResource).
void create_directories(const std::string& path);

/// Appends text to a file and fsyncs once per call (run logs such as items.jsonl).
class AppendFile {
 public:
  /// Opens for appending; a torn last line (no newline at the end) is cut off first.
  explicit AppendFile(const std::string& path);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;
  /// All of `text` or, with Error(kResource), nothing of it: a part already written is cut off
  /// again.
  void append(std::string_view text);

 private:
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace physprobe
