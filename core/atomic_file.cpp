#include "physprobe/core/atomic_file.h"

#include "physprobe/core/error.h"
#include "physprobe/core/file_descriptor.h"
#include "physprobe/core/input_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <signal.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace physprobe {

namespace {

constexpr std::string_view kTemporaryMark = ".tmp-";

std::string parent_directory(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

/// Where a rename has to go: through symbolic links, and never onto a pipe or device.
std::string rename_target(const std::string& path) {
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw Error(ErrorKind::kResource, path,
                std::filesystem::is_directory(status)
                    ? "is a directory; name a file"
                    : "is not a regular file (pipe or device); name a regular file");
  }
  if (std::filesystem::is_symlink(std::filesystem::symlink_status(path, failure))) {
    const auto target = std::filesystem::weakly_canonical(path, failure);
    if (!failure) return target.string();
  }
  return path;
}

void rename_durably(const std::string& temporary, const std::string& path) {
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    throw_system_error(path, "rename " + temporary + " to it");
  }
  fsync_path(parent_directory(path));
}

/// Of the temporary names of this process: the time at which it made the first, in nanoseconds. The
/// first process of every container has the id 1; its predecessor's names have smaller numbers.
uint64_t first_number() {
  static const auto first = static_cast<uint64_t>(
      std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count());
  return first;
}

/// Whether a name was made by `temporary_sibling` in a process that is no more.
bool is_leftover(const std::string& name) {
  const std::size_t mark = name.rfind(kTemporaryMark);
  if (mark == std::string::npos || mark == 0) return false;
  const char* end = name.data() + name.size();
  pid_t owner = 0;
  const auto pid = std::from_chars(name.data() + mark + kTemporaryMark.size(), end, owner);
  if (pid.ec != std::errc() || pid.ptr == end || *pid.ptr != '-' || owner <= 0) return false;
  uint64_t number = 0;
  const auto rest = std::from_chars(pid.ptr + 1, end, number);
  if (rest.ec != std::errc() || rest.ptr != end) return false;
  if (owner == ::getpid()) return number < first_number();
  return ::kill(owner, 0) != 0 && errno == ESRCH;
}

/// Length of the file up to and including its last newline.
off_t length_of_whole_lines(int descriptor, const std::string& path, off_t length) {
  std::array<char, 65536> block{};
  while (length > 0) {
    const off_t begin = std::max<off_t>(0, length - static_cast<off_t>(block.size()));
    const ssize_t got =
        ::pread(descriptor, block.data(), static_cast<std::size_t>(length - begin), begin);
    if (got < 0 && errno == EINTR) continue;
    if (got != length - begin) throw_system_error(path, "read its last line");
    for (ssize_t i = got; i > 0; --i) {
      if (block[static_cast<std::size_t>(i - 1)] == '\n') return begin + i;
    }
    length = begin;
  }
  return 0;
}

}  // namespace

std::string temporary_sibling(const std::string& path) {
  static std::atomic<uint64_t> counter{first_number()};
  return fmt::format("{}{}{}-{}", path, kTemporaryMark, ::getpid(), counter++);
}

AtomicFile::AtomicFile(const std::string& path)
    : path_(rename_target(path)), temporary_(temporary_sibling(path_)) {
  descriptor_ = open_for_writing(temporary_, path_, O_WRONLY | O_CREAT | O_TRUNC);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* data, std::size_t size_bytes) {
  if (descriptor_ < 0) throw Error(ErrorKind::kInternal, path_, "written after its commit");
  write_fully(descriptor_, path_, static_cast<const char*>(data), size_bytes);
}

void AtomicFile::commit() {
  if (descriptor_ < 0) throw Error(ErrorKind::kInternal, path_, "committed twice");
  fsync_descriptor(descriptor_, path_);
  const int status = ::close(descriptor_);
  descriptor_ = -1;
  // An interrupted close has closed on Linux; any other failure may mean lost data (NFS, quota).
  if (status != 0 && errno != EINTR) throw_system_error(path_, "close");
  rename_durably(temporary_, path_);
  temporary_.clear();
}

void write_file_atomic(const std::string& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

void fsync_path(const std::string& path) {
  int descriptor = -1;
  do {
    descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) throw_system_error(path, "open to flush it to disk");
  int status = 0;
  do {
    status = ::fsync(descriptor);
  } while (status != 0 && errno == EINTR);
  const int code = errno;
  struct stat information {};
  const bool is_directory = ::fstat(descriptor, &information) == 0 && S_ISDIR(information.st_mode);
  ::close(descriptor);
  // Some network file systems cannot fsync a directory and say EINVAL; there is nothing to flush
  // there.
  if (status != 0 && !(is_directory && code == EINVAL)) {
    errno = code;
    throw_system_error(path, "flush to disk (fsync)");
  }
}

void commit_file(const std::string& temporary, const std::string& path) {
  const std::string target = rename_target(path);
  fsync_path(temporary);
  rename_durably(temporary, target);
}

void require_room(const std::string& temporary, const std::string& path, uint64_t size_bytes) {
  const int descriptor = open_for_writing(temporary, path, O_WRONLY | O_CREAT);
  int status = 0;
  do {
    status = ::fallocate(descriptor, 0, 0, static_cast<off_t>(size_bytes));
  } while (status != 0 && errno == EINTR);
  // Some network file systems cannot tell; the writer then has to find out itself.
  const bool is_known = status == 0 || (errno != EOPNOTSUPP && errno != ENOSYS);
  const int code = errno;
  if (::ftruncate(descriptor, 0) != 0 || ::close(descriptor) != 0) {
    throw_system_error(path, "give back the room that was tried");
  }
  if (status == 0 || !is_known) return;
  errno = code;
  throw_system_error(path, fmt::format("reserve {} bytes", size_bytes));
}

int remove_leftover_temporaries(const std::string& directory) {
  std::error_code failure;
  std::vector<std::string> leftovers;
  for (std::filesystem::directory_iterator entry(directory, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (is_leftover(entry->path().filename().string())) leftovers.push_back(entry->path().string());
  }
  if (failure) {
    throw Error(ErrorKind::kResource, directory, "cannot be listed: " + failure.message());
  }
  for (const std::string& path : leftovers) {
    // A folder too: the pages of a report are written beside their place as one.
    std::filesystem::remove_all(path, failure);
    if (failure) {
      throw Error(ErrorKind::kResource, path, "cannot be removed: " + failure.message());
    }
  }
  return static_cast<int>(leftovers.size());
}

int remove_leftover_temporaries_below(const std::string& directory) {
  std::error_code failure;
  if (!std::filesystem::is_directory(directory, failure)) return 0;
  int removed = remove_leftover_temporaries(directory);
  for (std::filesystem::directory_iterator entry(directory, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (entry->is_directory() && !entry->is_symlink())
      removed += remove_leftover_temporaries_below(entry->path().string());
  }
  if (failure) {
    throw Error(ErrorKind::kResource, directory, "cannot be listed: " + failure.message());
  }
  return removed;
}

std::string read_file(const std::string& path, std::size_t max_bytes) {
  const InputFile file(path);
  if (file.size() > max_bytes) {
    throw Error(ErrorKind::kInput, path,
                fmt::format("has {} bytes, expected at most {}", file.size(), max_bytes));
  }
  std::string content(static_cast<std::size_t>(file.size()), '\0');
  file.read_at(0, content.data(), content.size());
  return content;
}

void create_directories(const std::string& path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (failure) {
    throw Error(ErrorKind::kResource, path,
                "cannot create the directory: " + failure.message() +
                    "; choose a place that can be written");
  }
  if (!std::filesystem::is_directory(path, failure)) {
    throw Error(ErrorKind::kResource, path, "exists but is not a directory");
  }
}

AppendFile::AppendFile(const std::string& path) : path_(path) {
  descriptor_ = open_for_writing(path, path, O_RDWR | O_CREAT | O_APPEND);
  try {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) throw_system_error(path, "examine");
    if (S_ISREG(status.st_mode)) {
      const off_t whole = length_of_whole_lines(descriptor_, path, status.st_size);
      if (whole != status.st_size && ::ftruncate(descriptor_, whole) != 0) {
        throw_system_error(path, "cut off its torn last line");
      }
      fsync_path(parent_directory(path));
    }
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

AppendFile::~AppendFile() {
  ::close(descriptor_);
}

void AppendFile::append(std::string_view text) {
  struct stat before {};
  if (::fstat(descriptor_, &before) != 0) throw_system_error(path_, "examine");
  try {
    write_fully(descriptor_, path_, text.data(), text.size());
    fsync_descriptor(descriptor_, path_);
  } catch (const Error& error) {
    if (S_ISREG(before.st_mode) && ::ftruncate(descriptor_, before.st_size) != 0) {
      throw Error(error.kind(), path_,
                  error.message() + "; cutting off the part already written failed too: " +
                      std::generic_category().message(errno));
    }
    throw;
  }
}

}  // namespace physprobe
