#pragma once
// Durable files: a reader sees the old content or the new, never half of either.

#include <string>
#include <string_view>

namespace physprobe {

/// Writes `content` to a temporary file beside `path`, fsyncs, renames, fsyncs the directory.
/// Throws Error(kResource) naming the path and the system's reason; the old file is then intact.
void write_file_atomic(const std::string& path, std::string_view content);

/// fsync of an existing file or directory. Throws Error(kResource).
void fsync_path(const std::string& path);

/// Renames `temporary` (already written) to `path` durably: fsync file, rename, fsync directory.
void commit_file(const std::string& temporary, const std::string& path);

/// A sibling name for a temporary file of `path`: "<path>.tmp-<pid>-<n>".
std::string temporary_sibling(const std::string& path);

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
  void append(std::string_view text);

 private:
  std::string path_;
  int descriptor_ = -1;
};

/// Exclusive lock of a directory: a file `LOCK` naming host, pid and start time of the holder, held with
/// flock. A lock whose holder died is taken over; a held one gives Error(kResource) naming the holder;
/// a file system without locks gives Error(kResource) that says so.
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace physprobe
