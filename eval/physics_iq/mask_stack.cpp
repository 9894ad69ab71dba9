#include "physprobe/eval/physics_iq/mask_stack.h"

#include "physprobe/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace physprobe {
namespace {

constexpr uint64_t kMagic = 0x314b53414d515049;  // "IPQMASK1"

}  // namespace

MaskStack::MaskStack(int64_t height, int64_t width)
    : height_(height),
      width_(width),
      words_per_frame_((height * width + kWordBits - 1) / kWordBits) {}

void MaskStack::append(const uint8_t* mask, int threshold) {
  const std::size_t begin = words_.size();
  words_.resize(begin + static_cast<std::size_t>(words_per_frame_), 0);
  const int64_t pixels = height_ * width_;
  for (int64_t word = 0; word < words_per_frame_; ++word) {
    const int64_t first = word * kWordBits;
    const int64_t count = std::min(kWordBits, pixels - first);
    uint64_t bits = 0;
    for (int64_t i = 0; i < count; ++i)
      bits |= static_cast<uint64_t>(mask[first + i] > threshold) << i;
    words_[begin + static_cast<std::size_t>(word)] = bits;
  }
  ++frames_;
}

void MaskStack::append_words(const uint64_t* words) {
  words_.insert(words_.end(), words, words + words_per_frame_);
  ++frames_;
}

void MaskStack::reserve(int64_t frames) {
  words_.reserve(static_cast<std::size_t>(frames * words_per_frame_));
}

bool MaskStack::at(int64_t index, int64_t y, int64_t x) const {
  const int64_t pixel = y * width_ + x;
  return (frame(index)[pixel / kWordBits] >> (pixel % kWordBits) & 1U) != 0;
}

int64_t MaskStack::area(int64_t index) const {
  int64_t count = 0;
  for (int64_t i = 0; i < words_per_frame_; ++i) count += __builtin_popcountll(frame(index)[i]);
  return count;
}

std::vector<int32_t> MaskStack::counts() const {
  std::vector<int32_t> counts(static_cast<std::size_t>(words_per_frame_ * kWordBits), 0);
  for (int64_t t = 0; t < frames_; ++t) {
    const uint64_t* const words = frame(t);
    for (int64_t word = 0; word < words_per_frame_; ++word) {
      int32_t* const base = counts.data() + word * kWordBits;
      for (uint64_t bits = words[word]; bits != 0; bits &= bits - 1) ++base[__builtin_ctzll(bits)];
    }
  }
  counts.resize(static_cast<std::size_t>(height_ * width_));
  return counts;
}

MaskStack MaskStack::first(int64_t count) const {
  MaskStack part = *this;
  part.frames_ = std::min(count, frames_);
  part.words_.resize(static_cast<std::size_t>(part.frames_ * words_per_frame_));
  return part;
}

MaskStack MaskStack::delayed(int64_t count) const {
  MaskStack later(height_, width_);
  later.frames_ = frames_;
  const auto shift =
      static_cast<std::ptrdiff_t>(std::clamp<int64_t>(count, 0, frames_) * words_per_frame_);
  later.words_.assign(words_.size(), 0);
  std::copy(words_.begin(), words_.end() - shift, later.words_.begin() + shift);
  return later;
}

std::string MaskStack::serialise() const {
  const uint64_t header[4] = {kMagic, static_cast<uint64_t>(frames_),
                              static_cast<uint64_t>(height_), static_cast<uint64_t>(width_)};
  std::string bytes(sizeof(header) + words_.size() * sizeof(uint64_t), '\0');
  std::memcpy(bytes.data(), header, sizeof(header));
  if (!words_.empty())
    std::memcpy(bytes.data() + sizeof(header), words_.data(), words_.size() * sizeof(uint64_t));
  return bytes;
}

MaskStack MaskStack::deserialise(const std::string& bytes, const std::string& subject) {
  uint64_t header[4] = {};
  const bool has_header = bytes.size() >= sizeof(header);
  if (has_header) std::memcpy(header, bytes.data(), sizeof(header));
  constexpr uint64_t kMostSide = 1U << 16;
  if (!has_header || header[0] != kMagic || header[2] > kMostSide || header[3] > kMostSide)
    throw Error(ErrorKind::kInput, subject, "is no cache of motion masks; delete it");
  MaskStack stack(static_cast<int64_t>(header[2]), static_cast<int64_t>(header[3]));
  const uint64_t words = (bytes.size() - sizeof(header)) / sizeof(uint64_t);
  const auto per_frame = static_cast<uint64_t>(stack.words_per_frame_);
  const uint64_t frames = per_frame == 0 ? 0 : words / per_frame;
  if (frames != header[1] || frames * per_frame * sizeof(uint64_t) + sizeof(header) != bytes.size())
    throw Error(ErrorKind::kInput, subject,
                fmt::format("is cut off: {} bytes for {} masks of {}x{}; delete it", bytes.size(),
                            header[1], header[3], header[2]));
  stack.frames_ = static_cast<int64_t>(frames);
  stack.words_.resize(words);
  if (words != 0)
    std::memcpy(stack.words_.data(), bytes.data() + sizeof(header), words * sizeof(uint64_t));
  return stack;
}

void require_same_shape(const MaskStack& a, const MaskStack& b) {
  if (a.frames() == b.frames() && a.height() == b.height() && a.width() == b.width()) return;
  throw Error(ErrorKind::kInternal, "physics-iq",
              fmt::format("mask stacks of {} frames {}x{} and {} frames {}x{} were compared",
                          a.frames(), a.width(), a.height(), b.frames(), b.width(), b.height()));
}

}  // namespace physprobe
