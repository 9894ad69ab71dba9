#include "physprobe/core/zip_archive.h"

#include "physprobe/core/error.h"

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

template <typename T>
T little_endian(const char* bytes) {
  T value = 0;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

[[noreturn]] void refuse(const std::string& path, const std::string& defect) {
  throw Error(ErrorKind::kInput, path, "is no usable ZIP archive: " + defect);
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
void apply_zip64(const std::string& path, const std::string& extra, ZipMember& member) {
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

}  // namespace

std::vector<ZipMember> read_zip_directory(const InputFile& file) {
  const Directory directory = find_directory(file);
  std::string bytes(static_cast<std::size_t>(directory.size), '\0');
  file.read_at(directory.offset, bytes.data(), bytes.size());
  std::vector<ZipMember> members;
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
    ZipMember member;
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

/// zlib's state and the compressed bytes that feed it.
struct ZipMemberReader::Inflater {
  z_stream stream{};
  std::string input = std::string(std::size_t{1} << 18, '\0');
  uint64_t consumed = 0;  ///< Compressed bytes handed to zlib.

  explicit Inflater(const std::string& subject) {
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
      throw Error(ErrorKind::kResource, subject, "no memory to decompress it");
    }
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Decompresses up to `count` bytes; returns how many, fewer only at the stream's end or damage.
  std::size_t inflate_into(const InputFile& file,
                           uint64_t begin,
                           uint64_t compressed_size,
                           char* out,
                           std::size_t count) {
    constexpr std::size_t kPiece = std::size_t{1} << 30;  // zlib counts in 32 bits
    std::size_t produced = 0;
    while (produced < count) {
      if (stream.avail_in == 0 && consumed < compressed_size) {
        const auto size =
            static_cast<std::size_t>(std::min<uint64_t>(input.size(), compressed_size - consumed));
        file.read_at(begin + consumed, input.data(), size);
        consumed += size;
        stream.next_in = reinterpret_cast<Bytef*>(input.data());
        stream.avail_in = static_cast<uInt>(size);
      }
      stream.next_out = reinterpret_cast<Bytef*>(out + produced);
      stream.avail_out = static_cast<uInt>(std::min(kPiece, count - produced));
      const uInt room = stream.avail_out;
      const int status = inflate(&stream, Z_NO_FLUSH);
      produced += room - stream.avail_out;
      if (status == Z_STREAM_END) is_ended = true;
      const bool is_starved = stream.avail_in == 0 && consumed == compressed_size;
      if (status != Z_OK || (is_starved && stream.avail_out == room)) break;
    }
    return produced;
  }

  bool is_ended = false;
};

ZipMemberReader::ZipMemberReader(const InputFile& file,
                                 const ZipMember& member,
                                 const std::string& subject)
    : file_(file), member_(member), subject_(subject) {
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
  begin_ = member.local_offset + kLocalSize + little_endian<uint16_t>(&local[26]) +
           little_endian<uint16_t>(&local[28]);
  if (little_endian<uint32_t>(local.data()) != kLocalSignature || begin_ > file.size() ||
      member.compressed_size > file.size() - begin_) {
    throw Error(ErrorKind::kInput, subject, "lies outside the archive (truncated?)");
  }
  const bool is_stored = member.method == kStored;
  if (is_stored ? member.size != member.compressed_size
                : member.size / kMaxInflation > member.compressed_size) {
    throw Error(ErrorKind::kInput, subject,
                fmt::format("claims {} bytes from {} stored ones, which is impossible", member.size,
                            member.compressed_size));
  }
  if (!is_stored) inflater_ = std::make_unique<Inflater>(subject);
}

ZipMemberReader::~ZipMemberReader() = default;

void ZipMemberReader::fail_damaged() const {
  throw Error(ErrorKind::kInput, subject_,
              fmt::format("its compressed data are damaged ({} of {} bytes decompressed)",
                          position_, member_.size));
}

void ZipMemberReader::read(void* out, std::size_t count) {
  if (count > member_.size - position_) fail_damaged();
  std::size_t done = count;
  if (inflater_ == nullptr) {
    file_.read_at(begin_ + position_, out, count);
  } else {
    done = inflater_->inflate_into(file_, begin_, member_.compressed_size, static_cast<char*>(out),
                                   count);
  }
  crc_ = static_cast<uint32_t>(crc32_z(crc_, static_cast<const Bytef*>(out), done));
  position_ += done;
  if (done != count) fail_damaged();
}

void ZipMemberReader::skip(uint64_t count) {
  std::string scratch(static_cast<std::size_t>(std::min<uint64_t>(count, uint64_t{1} << 20)), '\0');
  while (count > 0) {
    const auto size = static_cast<std::size_t>(std::min<uint64_t>(count, scratch.size()));
    read(scratch.data(), size);
    count -= size;
  }
}

void ZipMemberReader::finish() {
  skip(member_.size - position_);
  if (inflater_ != nullptr) {
    char beyond = 0;
    const std::size_t more = inflater_->is_ended
                                 ? 0
                                 : inflater_->inflate_into(file_, begin_, member_.compressed_size,
                                                           &beyond, sizeof(beyond));
    const bool is_all_used =
        inflater_->consumed == member_.compressed_size && inflater_->stream.avail_in == 0;
    if (more != 0 || !inflater_->is_ended || !is_all_used) fail_damaged();
  }
  if (crc_ != member_.crc) {
    throw Error(ErrorKind::kInput, subject_, "its checksum does not match: the file is damaged");
  }
}

}  // namespace physprobe
