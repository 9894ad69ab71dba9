#pragma once
// ZIP archives made byte by byte (PKWARE APPNOTE 6.3.10), as numpy.savez and savez_compressed write
// them.

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe::testing {

struct ZipMember {
  std::string name;
  std::string content;
  bool is_deflated = false;
};

inline std::string deflated(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

inline std::string number(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>((value >> (8 * i)) & 255);
  return text;
}

/// `use_64_bits`: sizes and offsets stand in the 64-bit records, the 32-bit fields say so.
inline std::string zip_bytes(const std::vector<ZipMember>& members, bool use_64_bits = false) {
  std::string bytes, directory;
  for (const ZipMember& member : members) {
    const std::string packed = member.is_deflated ? deflated(member.content) : member.content;
    const uLong crc =
        crc32_z(0, reinterpret_cast<const Bytef*>(member.content.data()), member.content.size());
    const std::string common = number(20, 2) + number(0, 2) +
                               number(member.is_deflated ? 8 : 0, 2) + number(0, 4) +
                               number(crc, 4);
    std::string sizes = number(packed.size(), 4) + number(member.content.size(), 4);
    std::string offset = number(bytes.size(), 4), extra;
    const std::string local =
        "PK\3\4" + common + sizes + number(member.name.size(), 2) + number(0, 2) + member.name;
    if (use_64_bits) {
      extra = number(0x7777, 2) + number(3, 2) + "xyz" + number(1, 2) + number(24, 2) +
              number(member.content.size(), 8) + number(packed.size(), 8) + number(bytes.size(), 8);
      sizes = std::string(8, '\xff');
      offset = std::string(4, '\xff');
    }
    directory += "PK\1\2" + number(20, 2) + common + sizes + number(member.name.size(), 2) +
                 number(extra.size(), 2) + number(0, 2) + number(0, 8) + offset + member.name +
                 extra;
    bytes += local + packed;
  }
  const std::size_t directory_offset = bytes.size();
  bytes += directory;
  if (use_64_bits) {
    const std::size_t record = bytes.size();
    bytes += "PK\6\6" + number(44, 8) + number(45, 2) + number(45, 2) + number(0, 8) +
             number(members.size(), 8) + number(members.size(), 8) + number(directory.size(), 8) +
             number(directory_offset, 8);
    bytes += "PK\6\7" + number(0, 4) + number(record, 8) + number(1, 4);
    return bytes + "PK\5\6" + number(0, 4) + std::string(12, '\xff') + number(0, 2);
  }
  return bytes + "PK\5\6" + number(0, 4) + number(members.size(), 2) + number(members.size(), 2) +
         number(directory.size(), 4) + number(directory_offset, 4) + number(0, 2);
}

}  // namespace physprobe::testing
