#include "physprobe/core/error.h"
#include "physprobe/core/input_file.h"
#include "physprobe/core/npy.h"
#include "physprobe/core/npy_format.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

namespace physprobe {

namespace {

// Record signatures and fixed sizes of the ZIP format (PKWARE APPNOTE 6.3.10, sections 4.3.7
// to 4.3.16).
constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr uint32_t kCentralSignature = 0x02014b50;
constexpr uint32_t kEndSignature = 0x06054b50;
constexpr uint32_t kEnd64Signature = 0x06064b50;
constexpr uint32_t kEnd64LocatorSignature = 0x07064b50;
constexpr uint64_t kLocalSize = 30;
constexpr uint64_t kCentralSize = 46;
constexpr uint64_t kEndSize = 22;
constexpr uint64_t kEnd64Size = 56;
constexpr uint64_t kEnd64LocatorSize = 20;
constexpr uint16_t kZip64Extra = 0x0001;
constexpr uint64_t kMaxDirectoryBytes = uint64_t{1} << 26;
// Deflate cannot shrink more than this (RFC 1951: 258 bytes in two bits), so a larger claim is a
// lie.
constexpr uint64_t kMaxInflation = 1032;

struct Member {
  std::string name;  // with ".npy"
  uint64_t compressed_size = 0;
  uint64_t size = 0;
  uint64_t local_offset = 0;
  uint32_t crc = 0;
  uint16_t flags = 0;
  uint16_t method = 0;
};

template <typename T>
T little_endian(const char* bytes) {
  T value = 0;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

[[noreturn]] void refuse(const std::string& path, const std::string& defect) {
  throw Error(ErrorKind::kInput, path, "is no usable .npz archive: " + defect);
}

struct Directory {
  uint64_t offset = 0;
  uint64_t size = 0;
  uint64_t count = 0;
};

Directory find_directory(const InputFile& file) {
  const uint64_t tail_size = std::min<uint64_t>(file.size(), kEndSize + 65535);
  std::string tail(static_cast<std::size_t>(tail_size), '\0');
  file.read_at(file.size() - tail_size, tail.data(), tail.size());
  std::size_t end = tail.size() < kEndSize ? std::string::npos : tail.size() - kEndSize;
  const auto is_end = [&](std::size_t at) {
    return little_endian<uint32_t>(&tail[at]) == kEndSignature &&
           at + kEndSize + little_endian<uint16_t>(&tail[at + 20]) == tail.size();
  };
  while (end != std::string::npos && !is_end(end)) --end;  // below 0 is npos
  if (end == std::string::npos)
    refuse(file.path(), "the directory at its end is missing (truncated?)");
  Directory directory{little_endian<uint32_t>(&tail[end + 16]),
                      little_endian<uint32_t>(&tail[end + 12]),
                      little_endian<uint16_t>(&tail[end + 10])};
  const uint64_t end_offset = file.size() - tail_size + end;
  const bool is_zip64 =
      directory.offset == 0xFFFFFFFF || directory.size == 0xFFFFFFFF || directory.count == 0xFFFF;
  if (is_zip64 && end_offset >= kEnd64LocatorSize) {
    std::array<char, kEnd64LocatorSize> locator{};
    file.read_at(end_offset - kEnd64LocatorSize, locator.data(), locator.size());
    if (little_endian<uint32_t>(locator.data()) == kEnd64LocatorSignature) {
      const auto at = little_endian<uint64_t>(&locator[8]);
      if (at > file.size() || file.size() - at < kEnd64Size)
        refuse(file.path(), "bad 64-bit directory");
      std::array<char, kEnd64Size> record{};
      file.read_at(at, record.data(), record.size());
      if (little_endian<uint32_t>(record.data()) != kEnd64Signature) {
        refuse(file.path(), "bad 64-bit directory");
      }
      directory = {little_endian<uint64_t>(&record[48]), little_endian<uint64_t>(&record[40]),
                   little_endian<uint64_t>(&record[32])};
    }
  }
  if (directory.offset > end_offset || directory.size > end_offset - directory.offset ||
      directory.size > kMaxDirectoryBytes || directory.count > directory.size / kCentralSize) {
    refuse(file.path(), "its directory lies outside the file");
  }
  return directory;
}

/// Sizes and offset that do not fit 32 bits stand in an extra field, in this order, each only if
/// needed.
void apply_zip64(const std::string& path, const std::string& extra, Member& member) {
  for (std::size_t at = 0; at + 4 <= extra.size();) {
    const auto id = little_endian<uint16_t>(&extra[at]);
    const std::size_t size = little_endian<uint16_t>(&extra[at + 2]);
    if (size > extra.size() - at - 4) refuse(path, "an extra field is cut off");
    if (id == kZip64Extra) {
      std::size_t value = at + 4;
      for (uint64_t* field : {&member.size, &member.compressed_size, &member.local_offset}) {
        if (*field != 0xFFFFFFFF) continue;
        if (value + 8 > at + 4 + size) refuse(path, "a 64-bit size is missing");
        *field = little_endian<uint64_t>(&extra[value]);
        value += 8;
      }
    }
    at += 4 + size;
  }
}

std::vector<Member> read_members(const InputFile& file) {
  const Directory directory = find_directory(file);
  std::string bytes(static_cast<std::size_t>(directory.size), '\0');
  file.read_at(directory.offset, bytes.data(), bytes.size());
  std::vector<Member> members;
  std::set<std::string> names;
  std::size_t at = 0;
  for (uint64_t i = 0; i < directory.count; ++i) {
    if (bytes.size() - at < kCentralSize ||
        little_endian<uint32_t>(&bytes[at]) != kCentralSignature) {
      refuse(file.path(), fmt::format("entry {} of its directory is malformed", i));
    }
    const char* entry = &bytes[at];
    const std::size_t name_size = little_endian<uint16_t>(entry + 28);
    const std::size_t extra_size = little_endian<uint16_t>(entry + 30);
    const std::size_t comment_size = little_endian<uint16_t>(entry + 32);
    if (bytes.size() - at - kCentralSize < name_size + extra_size + comment_size) {
      refuse(file.path(), fmt::format("entry {} of its directory is cut off", i));
    }
    Member member;
    member.flags = little_endian<uint16_t>(entry + 8);
    member.method = little_endian<uint16_t>(entry + 10);
    member.crc = little_endian<uint32_t>(entry + 16);
    member.compressed_size = little_endian<uint32_t>(entry + 20);
    member.size = little_endian<uint32_t>(entry + 24);
    member.local_offset = little_endian<uint32_t>(entry + 42);
    member.name.assign(entry + kCentralSize, name_size);
    apply_zip64(file.path(), std::string(entry + kCentralSize + name_size, extra_size), member);
    at += kCentralSize + name_size + extra_size + comment_size;
    if (!names.insert(member.name).second) {
      refuse(file.path(), fmt::format("member '{}' occurs twice", member.name));
    }
    members.push_back(std::move(member));
  }
  return members;
}

std::string inflate_member(const std::string& subject, const std::string& packed, uint64_t size) {
  std::string content(static_cast<std::size_t>(size), '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
    throw Error(ErrorKind::kResource, subject, "no memory to decompress it");
  }
  constexpr std::size_t kPiece = std::size_t{1} << 30;  // zlib counts in 32 bits
  std::size_t consumed = 0, produced = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + consumed));
    stream.avail_in = static_cast<uInt>(std::min(kPiece, packed.size() - consumed));
    stream.next_out = reinterpret_cast<Bytef*>(content.data() + produced);
    stream.avail_out = static_cast<uInt>(std::min(kPiece, content.size() - produced));
    const uInt in_before = stream.avail_in;
    const uInt out_before = stream.avail_out;
    status = inflate(&stream, Z_NO_FLUSH);
    consumed += in_before - stream.avail_in;
    produced += out_before - stream.avail_out;
    if (in_before == stream.avail_in && out_before == stream.avail_out && status == Z_OK) break;
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END || produced != size || consumed != packed.size()) {
    throw Error(ErrorKind::kInput, subject,
                fmt::format("its compressed data are damaged ({} of {} bytes decompressed)",
                            produced, size));
  }
  return content;
}

std::string read_member(const InputFile& file, const Member& member, const std::string& subject) {
  constexpr uint16_t kEncrypted = 1;
  constexpr uint16_t kStored = 0;
  constexpr uint16_t kDeflated = 8;
  if ((member.flags & kEncrypted) != 0) throw Error(ErrorKind::kInput, subject, "is encrypted");
  if (member.method != kStored && member.method != kDeflated) {
    throw Error(ErrorKind::kInput, subject,
                fmt::format("is compressed by ZIP method {}, expected 0 (stored) or 8 (deflate)",
                            member.method));
  }
  std::array<char, kLocalSize> local{};
  if (member.local_offset > file.size() || file.size() - member.local_offset < kLocalSize) {
    throw Error(ErrorKind::kInput, subject, "lies outside the archive (truncated?)");
  }
  file.read_at(member.local_offset, local.data(), local.size());
  const uint64_t begin = member.local_offset + kLocalSize + little_endian<uint16_t>(&local[26]) +
                         little_endian<uint16_t>(&local[28]);
  if (little_endian<uint32_t>(local.data()) != kLocalSignature || begin > file.size() ||
      member.compressed_size > file.size() - begin) {
    throw Error(ErrorKind::kInput, subject, "lies outside the archive (truncated?)");
  }
  const bool is_stored = member.method == kStored;
  if (is_stored ? member.size != member.compressed_size
                : member.size / kMaxInflation > member.compressed_size) {
    throw Error(ErrorKind::kInput, subject,
                fmt::format("claims {} bytes from {} stored ones, which is impossible", member.size,
                            member.compressed_size));
  }
  std::string content(static_cast<std::size_t>(member.compressed_size), '\0');
  file.read_at(begin, content.data(), content.size());
  if (!is_stored) content = inflate_member(subject, content, member.size);
  const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size());
  if (crc != member.crc) {
    throw Error(ErrorKind::kInput, subject, "its checksum does not match: the file is damaged");
  }
  return content;
}

constexpr std::string_view kExtension = ".npy";

bool is_array(const std::string& name) {
  return name.size() > kExtension.size() &&
         name.compare(name.size() - kExtension.size(), kExtension.size(), kExtension) == 0;
}

}  // namespace

std::vector<std::string> list_npz(const std::string& path) {
  std::vector<std::string> names;
  for (const Member& member : read_members(InputFile(path))) {
    if (is_array(member.name)) {
      names.push_back(member.name.substr(0, member.name.size() - kExtension.size()));
    }
  }
  return names;
}

at::Tensor read_npz_member(const std::string& path, const std::string& name) {
  const InputFile file(path);
  const std::string subject = path + "[" + name + "]";
  std::string known;
  for (const Member& member : read_members(file)) {
    if (member.name == name + std::string(kExtension)) {
      const std::string content = read_member(file, member, subject);
      const NpyByteReader read = [&](uint64_t offset, void* out, std::size_t count) {
        std::memcpy(out, content.data() + offset, count);
      };
      return read_npy_array(subject, parse_npy_header(subject, content.size(), read), read);
    }
    if (is_array(member.name)) known += (known.empty() ? "" : ", ") + member.name;
  }
  throw Error(
      ErrorKind::kInput, path,
      fmt::format("has no array '{}'; it holds: {}", name, known.empty() ? "nothing" : known));
}

}  // namespace physprobe
