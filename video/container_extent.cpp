#include "physprobe/video/container_extent.h"

#include "physprobe/video/matroska_structure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstring>

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

}  // namespace

std::optional<std::string> find_truncation(const InputFile& file) {
  std::array<uint8_t, 16> head{};
  if (file.size() < head.size()) return std::nullopt;
  file.read_at(0, head.data(), head.size());
  if (auto damage = find_matroska_damage(file)) return damage;
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
