#include "physprobe/eval/physics_iq/mask_shrink.h"

#include "physprobe/eval/physics_iq/frame_resize.h"

#include <algorithm>

namespace physprobe {
namespace {

constexpr int64_t kStackWordBits = MaskStack::kWordBits;
constexpr int64_t kGroupBits = kStackWordBits / 4;

/// Bits 0, 4, 8, … 60 side by side.
uint64_t gather_every_fourth(uint64_t bits) {
  bits &= 0x1111111111111111U;
  bits = (bits | bits >> 3U) & 0x0303030303030303U;
  bits = (bits | bits >> 6U) & 0x000F000F000F000FU;
  bits = (bits | bits >> 12U) & 0x000000FF000000FFU;
  return (bits | bits >> 24U) & 0xFFFFU;
}

}  // namespace

MaskShrinker::MaskShrinker(int64_t in_height, int64_t in_width, int64_t height, int64_t width)
    : in_height_(in_height),
      in_width_(in_width),
      height_(height),
      width_(width),
      is_quarter_(in_height == 4 * height && in_width == 4 * width) {
  if (is_quarter_)
    words_.resize(static_cast<std::size_t>((height * width + kStackWordBits - 1) / kStackWordBits));
}

void MaskShrinker::append(const BitImage& mask, MaskStack& stack) {
  if (is_quarter_) {
    quarter(mask);
    stack.append_words(words_.data());
    return;
  }
  bytes_.resize(static_cast<std::size_t>(in_height_ * in_width_));
  small_.resize(static_cast<std::size_t>(height_ * width_));
  mask.to_bytes(bytes_.data());
  resize_for_metrics(bytes_.data(), in_height_, in_width_, 1, small_.data(), height_, width_);
  stack.append(small_.data(), kMaskSetAbove);
}

// Each small pixel is the mean of four, columns and rows 1 and 2 of its block: two of them set give
// 127.5, which is rounded to 128 and counts as set.
void MaskShrinker::quarter(const BitImage& mask) {
  std::fill(words_.begin(), words_.end(), 0);
  for (int64_t y = 0; y < height_; ++y) {
    const uint64_t* const above = mask.row(4 * y + 1);
    const uint64_t* const below = mask.row(4 * y + 2);
    for (int64_t i = 0; i < mask.words_per_row; ++i) {
      const uint64_t a = above[i] >> 1U;
      const uint64_t b = above[i] >> 2U;
      const uint64_t c = below[i] >> 1U;
      const uint64_t d = below[i] >> 2U;
      const uint64_t group = gather_every_fourth((a & b) | (c & d) | ((a | b) & (c | d)));
      if (group == 0) continue;
      const int64_t bit = y * width_ + i * kGroupBits;
      const int64_t shift = bit % kStackWordBits;
      words_[static_cast<std::size_t>(bit / kStackWordBits)] |= group << shift;
      if (shift > kStackWordBits - kGroupBits && group >> (kStackWordBits - shift) != 0)
        words_[static_cast<std::size_t>(bit / kStackWordBits) + 1] |=
            group >> (kStackWordBits - shift);
    }
  }
}

}  // namespace physprobe
