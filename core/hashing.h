#pragma once
// SHA-256: content digests of files and cache keys.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace physprobe {

/// Incremental SHA-256.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(const void* data, std::size_t size_bytes);
  void update(std::string_view text) { update(text.data(), text.size()); }
  /// 64 lower-case hexadecimal digits; the object is finished afterwards.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);

/// Digest of a regular file's content, read in blocks. Throws Error(kInput) if it cannot be read.
std::string sha256_file(const std::string& path);

}  // namespace physprobe
