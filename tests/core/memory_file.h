#pragma once
// A regular file that lives in memory: thousands of contents can be tried without waiting for a
// disk.

#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace physprobe::testing {

class MemoryFile {
 public:
  MemoryFile() : descriptor_(memfd_create("physprobe-test", MFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::runtime_error("memfd_create failed");
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  /// Replaces the content; returns the path under which it can be opened.
  std::string with(const std::string& content) {
    const auto size = static_cast<ssize_t>(content.size());
    if (ftruncate(descriptor_, 0) != 0 ||
        pwrite(descriptor_, content.data(), content.size(), 0) != size) {
      throw std::runtime_error("writing the memory file failed");
    }
    return "/proc/self/fd/" + std::to_string(descriptor_);
  }

 private:
  int descriptor_;
};

}  // namespace physprobe::testing
