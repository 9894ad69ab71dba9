#include "physprobe/video/matroska_structure.h"

extern "C" {
#include <libavutil/crc.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace physprobe {
namespace {

constexpr uint32_t kEbmlHeader = 0x1A45DFA3;
constexpr uint32_t kSegment = 0x18538067;
constexpr uint32_t kCluster = 0x1F43B675;
constexpr uint32_t kChecksum = 0xBF;
// Elements directly inside the segment (RFC 9559, section 5).
constexpr std::array<uint32_t, 8> kInSegment = {0x114D9B74, 0x1549A966, 0x1654AE6B, kCluster,
                                                0x1C53BB6B, 0x1043A770, 0x1941A469, 0x1254C367};

/// Identifier, and where the content lies.
struct Element {
  uint32_t id = 0;
  uint64_t begin = 0;
  uint64_t end = 0;      ///< As declared; may lie behind the end of the file.
  bool is_open = false;  ///< Of unknown size: ends where the next one of its level begins.
};

bool is_in_segment(uint32_t id) {
  return std::find(kInSegment.begin(), kInSegment.end(), id) != kInSegment.end();
}

/// Reads forward through a file in pieces: most elements are small and lie close together.
class Bytes {
 public:
  explicit Bytes(const InputFile& file) : file_(file) {}
  uint64_t size() const { return file_.size(); }
  /// Byte at this position; the position has to lie inside the file.
  uint8_t at(uint64_t position) {
    if (position < begin_ || position >= begin_ + held_) {
      begin_ = position;
      held_ = std::min<uint64_t>(buffer_.size(), file_.size() - position);
      file_.read_at(position, buffer_.data(), static_cast<std::size_t>(held_));
    }
    return buffer_[static_cast<std::size_t>(position - begin_)];
  }

 private:
  const InputFile& file_;
  std::array<uint8_t, 256> buffer_{};
  uint64_t begin_ = 0;
  uint64_t held_ = 0;
};

/// Bytes of a variable-length integer that begins with `first`; 0 if none can.
int integer_length(uint8_t first) {
  return first == 0 ? 0 : __builtin_clz(static_cast<unsigned>(first)) - 24 + 1;
}

/// nullopt if no element can begin here.
std::optional<Element> read_element(Bytes& bytes, uint64_t at) {
  Element element;
  if (at >= bytes.size()) return std::nullopt;
  const int id_length = integer_length(bytes.at(at));
  if (id_length == 0 || id_length > 4 || at + static_cast<uint64_t>(id_length) >= bytes.size()) {
    return std::nullopt;
  }
  for (int i = 0; i < id_length; ++i)
    element.id = element.id << 8 | bytes.at(at + static_cast<uint64_t>(i));
  at += static_cast<uint64_t>(id_length);
  const int size_length = integer_length(bytes.at(at));
  if (size_length == 0 || at + static_cast<uint64_t>(size_length) > bytes.size())
    return std::nullopt;
  uint64_t size = 0;
  for (int i = 0; i < size_length; ++i) size = size << 8 | bytes.at(at + static_cast<uint64_t>(i));
  const uint64_t mask = (uint64_t{1} << (7 * size_length)) - 1;
  size &= mask;
  element.is_open = size == mask;
  element.begin = at + static_cast<uint64_t>(size_length);
  element.end = element.is_open ? bytes.size() : element.begin + size;
  return element;
}

std::string broken_at(uint64_t position) {
  return fmt::format("its Matroska structure is broken at byte {}: frames may be lost", position);
}

/// The elements of a cluster from `at` on; sets `at` behind the last. An open cluster ends at the
/// next element of the segment.
std::optional<std::string> walk_cluster(Bytes& bytes,
                                        const Element& cluster,
                                        uint64_t end,
                                        uint64_t& at) {
  while (at < end) {
    const std::optional<Element> element = read_element(bytes, at);
    if (!element) return broken_at(at);
    if (is_in_segment(element->id)) {
      if (cluster.is_open) return std::nullopt;
      return broken_at(at);
    }
    if (element->is_open || element->end > end) return broken_at(at);
    at = element->end;
  }
  return std::nullopt;
}

/// Compares an element with the CRC-32 over the rest of its content that may be its first child.
std::optional<std::string> check_sum(const InputFile& file, Bytes& bytes, const Element& element) {
  const std::optional<Element> checksum = read_element(bytes, element.begin);
  if (!checksum || checksum->id != kChecksum || checksum->end != checksum->begin + 4 ||
      checksum->end > element.end) {
    return std::nullopt;
  }
  uint32_t expected = 0;  // little-endian
  for (uint64_t i = 4; i > 0; --i) expected = expected << 8 | bytes.at(checksum->begin + i - 1);
  uint32_t sum = UINT32_MAX;
  std::vector<uint8_t> piece(std::size_t{1} << 20);
  for (uint64_t at = checksum->end; at < element.end; at += piece.size()) {
    const auto count = static_cast<std::size_t>(std::min<uint64_t>(piece.size(), element.end - at));
    file.read_at(at, piece.data(), count);
    sum = av_crc(av_crc_get_table(AV_CRC_32_IEEE_LE), sum, piece.data(), count);
  }
  if ((sum ^ UINT32_MAX) == expected) return std::nullopt;
  return fmt::format("its bytes {} to {} do not match the checksum kept with them", checksum->end,
                     element.end);
}

}  // namespace

std::optional<std::string> find_matroska_damage(const InputFile& file) {
  Bytes bytes(file);
  const std::optional<Element> header = read_element(bytes, 0);
  if (!header || header->id != kEbmlHeader || header->is_open) return std::nullopt;
  const std::optional<Element> segment = read_element(bytes, header->end);
  if (!segment || segment->id != kSegment) return std::nullopt;
  if (segment->end > file.size()) {
    return fmt::format("its Matroska segment reaches byte {}, the file ends at byte {}",
                       segment->end, file.size());
  }
  uint64_t at = segment->begin;
  while (at < segment->end) {
    const std::optional<Element> element = read_element(bytes, at);
    const bool may_be_open = element && element->id == kCluster;
    if (!element || (element->is_open && !may_be_open) || element->end > segment->end) {
      return broken_at(at);
    }
    at = element->begin;
    if (element->id == kCluster) {
      if (auto damage = walk_cluster(bytes, *element, element->end, at)) return damage;
    } else {
      at = element->end;
    }
    if (element->is_open) continue;
    if (auto damage = check_sum(file, bytes, *element)) return damage;
  }
  return std::nullopt;
}

}  // namespace physprobe
