#include "physprobe/video/mp4_frame_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace physprobe {
namespace {

/// The content of a box: bytes [begin, end) of the file.
struct Box {
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t size() const { return end - begin; }
};

uint64_t read_integer(const InputFile& file, uint64_t at, int bytes) {
  std::array<uint8_t, 8> raw{};
  file.read_at(at, raw.data(), static_cast<std::size_t>(bytes));
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | raw[static_cast<std::size_t>(i)];
  return value;
}

/// The `skip`-th child of this type; nullopt if there are not so many.
std::optional<Box> find_child(const InputFile& file,
                              const Box& parent,
                              const char* type,
                              int skip) {
  uint64_t wanted = 0;
  for (int i = 0; i < 4; ++i) wanted = wanted << 8 | static_cast<uint8_t>(type[i]);
  uint64_t at = parent.begin;
  while (at + 8 <= parent.end) {
    uint64_t header = 8;
    uint64_t size = read_integer(file, at, 4);
    if (size == 1 && at + 16 <= parent.end) {
      size = read_integer(file, at + 8, 8);
      header = 16;
    } else if (size == 0) {
      size = parent.end - at;  // "to the end"
    }
    if (size < header || size > parent.end - at) return std::nullopt;
    if (read_integer(file, at + 4, 4) == wanted && skip-- == 0) return Box{at + header, at + size};
    at += size;
  }
  return std::nullopt;
}

/// 32-bit entries of a table box, which begin `skip` bytes into its content: at most `count`
/// groups of `width`, and no more than the box holds.
std::vector<uint32_t> read_table(
    const InputFile& file, const Box& box, uint64_t skip, uint64_t count, uint64_t width) {
  const uint64_t held = box.size() < skip ? 0 : (box.size() - skip) / (4 * width);
  std::vector<uint8_t> raw(static_cast<std::size_t>(std::min(count, held) * width * 4));
  if (!raw.empty()) file.read_at(box.begin + skip, raw.data(), raw.size());
  std::vector<uint32_t> values(raw.size() / 4);
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t k = 0; k < 4; ++k) values[i] = values[i] << 8 | raw[4 * i + k];
  }
  return values;
}

/// Frames that the list of durations (`stts`) covers.
uint64_t frames_by_times(const InputFile& file, const Box& stts) {
  uint64_t total = 0;
  const std::vector<uint32_t> runs =
      read_table(file, stts, 8, read_integer(file, stts.begin + 4, 4), 2);
  for (std::size_t i = 0; i < runs.size(); i += 2) total += runs[i];
  return total;
}

/// Frames that have a place in the file: `chunks` pieces, filled as `stsc` says.
uint64_t frames_by_place(const InputFile& file, const Box& stsc, uint64_t chunks) {
  uint64_t total = 0;
  const std::vector<uint32_t> runs =
      read_table(file, stsc, 8, read_integer(file, stsc.begin + 4, 4), 3);
  for (std::size_t i = 0; i < runs.size(); i += 3) {
    const uint64_t first = runs[i];
    const uint64_t next = i + 3 < runs.size() ? runs[i + 3] : chunks + 1;
    if (next > first)
      total += (std::min(next, chunks + 1) - std::min(first, chunks + 1)) * runs[i + 1];
  }
  return total;
}

}  // namespace

std::optional<std::string> find_overclaimed_frames(const InputFile& file, int track) {
  std::optional<Box> box = find_child(file, {0, file.size()}, "moov", 0);
  if (box) box = find_child(file, *box, "trak", track);
  for (const char* type : {"mdia", "minf", "stbl"}) {
    if (box) box = find_child(file, *box, type, 0);
  }
  if (!box) return std::nullopt;
  const std::optional<Box> times = find_child(file, *box, "stts", 0);
  const std::optional<Box> sizes = find_child(file, *box, "stsz", 0);
  const std::optional<Box> fill = find_child(file, *box, "stsc", 0);
  std::optional<Box> chunks = find_child(file, *box, "stco", 0);
  if (!chunks) chunks = find_child(file, *box, "co64", 0);
  if (!times || !sizes || !fill || !chunks || times->size() < 8 || sizes->size() < 12 ||
      fill->size() < 8 || chunks->size() < 8) {
    return std::nullopt;
  }
  const uint64_t by_times = frames_by_times(file, *times);
  const uint64_t by_sizes = read_integer(file, sizes->begin + 8, 4);
  const bool lists_sizes = read_integer(file, sizes->begin + 4, 4) == 0;
  const uint64_t listed = lists_sizes ? std::min(by_sizes, (sizes->size() - 12) / 4) : by_sizes;
  const uint64_t placed = frames_by_place(file, *fill, read_integer(file, chunks->begin + 4, 4));
  const uint64_t announced = std::max(by_times, by_sizes);
  const uint64_t described = std::min(listed, placed);  // FFmpeg reads these, and makes up times
  if (announced <= described) return std::nullopt;
  return fmt::format("its header announces {} frames, its tables describe {}", announced,
                     described);
}

}  // namespace physprobe
