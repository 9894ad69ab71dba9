#include "physprobe/video/container_extent.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstring>
#include <vector>

namespace physprobe {
namespace {

constexpr int kMaxTopLevelBoxes = 1'000'000;  // fragmented files have two per fragment

uint64_t big_endian(const uint8_t* bytes, int count) {
  uint64_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 8 | bytes[i];
  return value;
}

struct Mp4Walk {
  bool is_iso_media = false;
  bool has_moov = false;
  std::optional<std::string> truncation;
};

bool is_box_type(const std::string& type) {
  return std::all_of(type.begin(), type.end(), [](char c) {
    return std::isprint(static_cast<unsigned char>(c)) != 0 || c == '\xA9';
  });
}

Mp4Walk walk_boxes(const InputFile& file) {
  static constexpr std::array<const char*, 8> kFirstBoxes = {"ftyp", "moov", "mdat", "free",
                                                             "skip", "wide", "styp", "pnot"};
  Mp4Walk walk;
  uint64_t offset = 0;
  for (int n = 0; n < kMaxTopLevelBoxes && offset + 8 <= file.size(); ++n) {
    std::array<uint8_t, 16> header{};
    const auto available = static_cast<std::size_t>(std::min<uint64_t>(16, file.size() - offset));
    file.read_at(offset, header.data(), available);
    uint64_t size = big_endian(header.data(), 4);
    const std::string type(reinterpret_cast<const char*>(header.data()) + 4, 4);
    if (n == 0) {
      walk.is_iso_media = std::any_of(kFirstBoxes.begin(), kFirstBoxes.end(),
                                      [&](const char* known) { return type == known; });
      if (!walk.is_iso_media) return walk;
    }
    if (!is_box_type(type)) return walk;  // foreign bytes after the last box
    if (type == "moov") walk.has_moov = true;
    if (size == 0) return walk;  // "to the end of the file"
    if (size == 1) {
      if (available < 16) return walk;
      size = big_endian(header.data() + 8, 8);
    }
    if (size < 8) return walk;
    if (size > file.size() - offset) {
      walk.truncation = fmt::format("its '{}' box reaches byte {}, the file ends at byte {}", type,
                                    offset + size, file.size());
      return walk;
    }
    offset += size;
  }
  return walk;
}

/// Length and value of an EBML variable-size integer; `unknown` if all value bits are set.
struct EbmlSize {
  int length = 0;
  uint64_t value = 0;
  bool unknown = false;
};

std::optional<EbmlSize> parse_ebml_size(const std::vector<uint8_t>& bytes, std::size_t at) {
  if (at >= bytes.size() || bytes[at] == 0) return std::nullopt;
  EbmlSize size;
  size.length = __builtin_clz(static_cast<unsigned>(bytes[at])) - 24 + 1;
  if (at + static_cast<std::size_t>(size.length) > bytes.size()) return std::nullopt;
  const uint64_t mask = (uint64_t{1} << (7 * size.length)) - 1;
  size.value = big_endian(bytes.data() + at, size.length) & mask;
  size.unknown = size.value == mask;
  return size;
}

std::optional<std::string> matroska_truncation(const InputFile& file,
                                               const std::vector<uint8_t>& head) {
  const std::optional<EbmlSize> header = parse_ebml_size(head, 4);
  if (!header || header->unknown) return std::nullopt;
  const std::size_t segment = 4 + static_cast<std::size_t>(header->length) + header->value;
  static constexpr std::array<uint8_t, 4> kSegmentId = {0x18, 0x53, 0x80, 0x67};
  if (header->value > head.size() || segment + 12 > head.size() ||
      std::memcmp(head.data() + segment, kSegmentId.data(), kSegmentId.size()) != 0) {
    return std::nullopt;
  }
  const std::optional<EbmlSize> size = parse_ebml_size(head, segment + 4);
  if (!size || size->unknown) return std::nullopt;
  const uint64_t end = segment + 4 + static_cast<uint64_t>(size->length) + size->value;
  if (end <= file.size()) return std::nullopt;
  return fmt::format("its Matroska segment reaches byte {}, the file ends at byte {}", end,
                     file.size());
}

}  // namespace

std::optional<std::string> find_truncation(const InputFile& file) {
  std::vector<uint8_t> head(static_cast<std::size_t>(std::min<uint64_t>(4096, file.size())));
  if (head.size() < 16) return std::nullopt;
  file.read_at(0, head.data(), head.size());
  static constexpr std::array<uint8_t, 4> kEbmlId = {0x1A, 0x45, 0xDF, 0xA3};
  if (std::memcmp(head.data(), kEbmlId.data(), kEbmlId.size()) == 0) {
    return matroska_truncation(file, head);
  }
  if (std::memcmp(head.data(), "RIFF", 4) == 0) {
    uint64_t end = 8;
    for (int i = 0; i < 4; ++i)
      end += static_cast<uint64_t>(head[4 + static_cast<std::size_t>(i)]) << (8 * i);
    if (end <= file.size() + 1) return std::nullopt;  // a padding byte may be missing
    return fmt::format("its RIFF chunk reaches byte {}, the file ends at byte {}", end,
                       file.size());
  }
  return walk_boxes(file).truncation;
}

bool lacks_mp4_index(const InputFile& file) {
  const Mp4Walk walk = walk_boxes(file);
  return walk.is_iso_media && !walk.has_moov;
}

}  // namespace physprobe
