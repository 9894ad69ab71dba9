#pragma once
// ZIP archives as numpy.savez and torch.save write them: the directory, and members read front to
// back in bounded memory (PKWARE APPNOTE 6.3.10). Internal to core.

#include "physprobe/core/input_file.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace physprobe {

struct ZipMember {
  std::string name;
  uint64_t compressed_size = 0;
  uint64_t size = 0;
  uint64_t local_offset = 0;
  uint32_t crc = 0;
  uint16_t flags = 0;
  uint16_t method = 0;
};

/// The members named by the directory at the archive's end, in its order. Throws Error(kInput)
/// naming the defect: truncated, inconsistent, or a name that occurs twice.
std::vector<ZipMember> read_zip_directory(const InputFile& file);

/// One stored or deflated member, read forward. Every function throws Error(kInput) with `subject`
/// when the member is damaged.
class ZipMemberReader {
 public:
  /// Also refuses encryption, other methods, sizes that cannot be, and places outside the file.
  /// `file` must outlive the reader.
  ZipMemberReader(const InputFile& file, const ZipMember& member, const std::string& subject);
  ~ZipMemberReader();
  ZipMemberReader(const ZipMemberReader&) = delete;
  ZipMemberReader& operator=(const ZipMemberReader&) = delete;

  /// Bytes read or skipped so far.
  uint64_t position() const { return position_; }
  /// The next `count` bytes.
  void read(void* out, std::size_t count);
  void skip(uint64_t count);
  /// Reads to the end and compares length and checksum with the directory.
  void finish();

 private:
  struct Inflater;
  [[noreturn]] void fail_damaged() const;

  const InputFile& file_;
  ZipMember member_;
  std::string subject_;
  uint64_t begin_ = 0;  ///< Of the member's bytes in the file.
  uint64_t position_ = 0;
  uint32_t crc_ = 0;
  std::unique_ptr<Inflater> inflater_;  ///< Null for a stored member.
};

}  // namespace physprobe
