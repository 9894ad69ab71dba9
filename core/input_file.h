#pragma once
// Reading of regular files by position: the one place where files of tensors, digests and texts are
// opened, so that pipes, directories and shortened files are refused alike. Internal to core.

#include <cstddef>
#include <cstdint>
#include <string>

namespace physprobe {

/// An open regular file of a size fixed at opening. pread, not mmap: a file shortened meanwhile
/// gives an error instead of SIGBUS, a replaced one keeps its old content.
class InputFile {
 public:
  /// Throws Error(kInput) if `path` is missing, unreadable or no regular file (named pipes are
  /// refused without waiting for a writer); Error(kResource) if the process ran out of descriptors.
  explicit InputFile(const std::string& path);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&& other) noexcept;
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }
  /// Exactly `count` bytes from `offset`. Throws Error(kInput) if the file has become shorter.
  void read_at(uint64_t offset, void* out, std::size_t count) const;

 private:
  std::string path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

}  // namespace physprobe
