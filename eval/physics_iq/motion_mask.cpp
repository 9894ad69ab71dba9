#include "physprobe/eval/physics_iq/motion_mask.h"

#include "physprobe/eval/physics_iq/motion_kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace physprobe {
namespace {

constexpr int64_t kBorder = 2;
constexpr int64_t kWordBits = 64;
constexpr int64_t kHeldBytes = int64_t{24} << 20;
constexpr int64_t kMostHeldFrames = 8;
// OpenCV's vector code takes the picture as one row in steps of 32 pixels and leaves the rest to
// scalar code, which rounds both products.
constexpr int64_t kFusedStep = 32;
constexpr int64_t kStripValues = 16'384;  // doubles of background worked on while in the cache

/// Mirrored at the edges without repeating them; `size` 1 has nothing to mirror.
int64_t mirrored(int64_t index, int64_t size) {
  if (size == 1) return 0;
  while (index < 0 || index >= size) index = index < 0 ? -index : 2 * size - 2 - index;
  return index;
}

/// Eight bytes of 0 or 1 to eight bits.
uint64_t gather_bits(const uint8_t* bytes) {
  uint64_t eight = 0;
  std::memcpy(&eight, bytes, sizeof(eight));
  return (eight * 0x0102040810204080U) >> 56U;
}

/// Eight bits as eight bytes of 0 or 255, in memory order, for every value of a byte.
const std::array<uint64_t, 256>& spread_bytes() {
  static const std::array<uint64_t, 256> table = [] {
    std::array<uint64_t, 256> spread{};
    for (std::size_t value = 0; value < spread.size(); ++value) {
      uint8_t bytes[8];
      for (std::size_t i = 0; i < 8; ++i) bytes[i] = (value >> i & 1U) != 0 ? 255 : 0;
      std::memcpy(&spread[value], bytes, sizeof(bytes));
    }
    return spread;
  }();
  return table;
}

/// `bytes` has room for whole words; those past the width are 0.
void pack_row(const uint8_t* bytes, int64_t words, uint64_t* out) {
  for (int64_t word = 0; word < words; ++word) {
    uint64_t bits = 0;
    for (int64_t i = 0; i < 8; ++i)
      bits |= gather_bits(bytes + word * kWordBits + 8 * i) << (8 * i);
    out[word] = bits;
  }
}

uint64_t last_word_mask(int64_t width) {
  const int64_t used = width % kWordBits;
  return used == 0 ? ~uint64_t{0} : (uint64_t{1} << used) - 1;
}

/// Each bit becomes the AND (erosion) or OR (dilation) of five horizontal neighbours. Bits outside
/// the row count as 1 for erosion and 0 for dilation.
template <bool is_erosion>
void spread_row(const uint64_t* in, int64_t words, uint64_t last_mask, uint64_t* out) {
  const uint64_t outside = is_erosion ? ~uint64_t{0} : 0;
  const auto load = [&](int64_t i) {
    if (i < 0 || i >= words) return outside;
    return is_erosion && i + 1 == words ? in[i] | ~last_mask : in[i];
  };
  uint64_t before = outside;
  uint64_t here = load(0);
  for (int64_t i = 0; i < words; ++i) {
    const uint64_t after = load(i + 1);
    const uint64_t left1 = here << 1U | before >> 63U;
    const uint64_t left2 = here << 2U | before >> 62U;
    const uint64_t right1 = here >> 1U | after << 63U;
    const uint64_t right2 = here >> 2U | after << 62U;
    out[i] = is_erosion ? here & left1 & left2 & right1 & right2
                        : here | left1 | left2 | right1 | right2;
    before = here;
    here = after;
  }
  out[words - 1] &= last_mask;
}

/// One 5x5 erosion or dilation in place; `scratch` takes the horizontal pass.
template <bool is_erosion>
void morph(BitImage& image, BitImage& scratch) {
  const int64_t words = image.words_per_row;
  const uint64_t last_mask = last_word_mask(image.width);
  for (int64_t y = 0; y < image.height; ++y)
    spread_row<is_erosion>(image.row(y), words, last_mask, scratch.row(y));
  for (int64_t y = 0; y < image.height; ++y) {
    const int64_t begin = std::max<int64_t>(0, y - kBorder);
    const int64_t end = std::min(image.height, y + kBorder + 1);
    uint64_t* const out = image.row(y);
    std::memcpy(out, scratch.row(begin), static_cast<std::size_t>(words) * sizeof(uint64_t));
    for (int64_t from = begin + 1; from < end; ++from) {
      const uint64_t* const in = scratch.row(from);
      for (int64_t i = 0; i < words; ++i) out[i] = is_erosion ? out[i] & in[i] : out[i] | in[i];
    }
  }
}

/// MotionKernels::update_background for the pixels that OpenCV's vector code leaves over.
void update_leftover(
    const uint8_t* grey, int64_t count, int threshold, double* background, uint8_t* fired) {
  for (int64_t x = 0; x < count; ++x) {
    background[x] = 0.7 * background[x] + 0.3 * grey[x];
    fired[x] =
        std::abs(static_cast<float>(grey[x]) - std::nearbyint(static_cast<float>(background[x]))) >
                static_cast<float>(threshold)
            ? 1
            : 0;
  }
}

int64_t frames_to_hold(int64_t height, int64_t width) {
  return std::clamp<int64_t>(kHeldBytes / std::max<int64_t>(1, height * width), 1, kMostHeldFrames);
}

}  // namespace

BitImage::BitImage(int64_t image_height, int64_t image_width)
    : height(image_height),
      width(image_width),
      words_per_row((image_width + kWordBits - 1) / kWordBits),
      words(static_cast<std::size_t>(image_height * words_per_row), 0) {}

void BitImage::to_bytes(uint8_t* out) const {
  const std::array<uint64_t, 256>& eight = spread_bytes();
  const int64_t whole = width / 8;
  for (int64_t y = 0; y < height; ++y, out += width) {
    const uint64_t* const in = row(y);
    for (int64_t i = 0; i < whole; ++i) {
      const uint64_t bytes = eight[in[i / 8] >> (8 * (i % 8)) & 0xFFU];
      std::memcpy(out + 8 * i, &bytes, sizeof(bytes));
    }
    for (int64_t x = 8 * whole; x < width; ++x)
      out[x] = (in[x / kWordBits] >> (x % kWordBits) & 1U) != 0 ? 255 : 0;
  }
}

void open_and_close(BitImage& image, BitImage& scratch) {
  morph<true>(image, scratch);
  morph<false>(image, scratch);
  morph<false>(image, scratch);
  morph<true>(image, scratch);
}

MotionMasker::MotionMasker(int64_t height, int64_t width, int threshold, Sink sink)
    : height_(height),
      width_(width),
      threshold_(threshold),
      sink_(std::move(sink)),
      held_frames_(frames_to_hold(height, width)),
      blurred_(static_cast<std::size_t>(held_frames_ * height * width)),
      background_(static_cast<std::size_t>(height * width)),
      grey_rows_(static_cast<std::size_t>(5 * (width + 2 * kBorder))),
      sums_(static_cast<std::size_t>(width + 2 * kBorder)),
      raw_(static_cast<std::size_t>(held_frames_), BitImage(height, width)),
      scratch_(height, width) {
  fired_.assign(static_cast<std::size_t>(scratch_.words_per_row * kWordBits), 0);
}

void MotionMasker::blur(const uint8_t* rgb, uint8_t* out) {
  const MotionKernels& kernels = motion_kernels();
  const int64_t padded = width_ + 2 * kBorder;
  int64_t made = 0;  // grey rows so far; row y lies in slot y % 5
  const auto make_row = [&](int64_t y) {
    uint8_t* const row = grey_rows_.data() + y % 5 * padded;
    kernels.grey_row(rgb + y * width_ * 3, width_, row + kBorder);
    for (int64_t x = 1; x <= kBorder; ++x) {
      row[kBorder - x] = row[kBorder + mirrored(-x, width_)];
      row[kBorder + width_ - 1 + x] = row[kBorder + mirrored(width_ - 1 + x, width_)];
    }
  };
  for (int64_t y = 0; y < height_; ++y) {
    while (made < std::min(height_, y + kBorder + 1)) make_row(made++);
    const uint8_t* rows[5];
    for (int64_t i = 0; i < 5; ++i)
      rows[i] = grey_rows_.data() + mirrored(y + i - kBorder, height_) % 5 * padded;
    kernels.blur_row(rows, width_, sums_.data(), out + y * width_);
  }
}

void MotionMasker::push(const uint8_t* rgb) {
  blur(rgb, blurred_.data() + collected_ * height_ * width_);
  if (++collected_ == held_frames_) flush();
}

void MotionMasker::finish() {
  flush();
}

void MotionMasker::flush() {
  const MotionKernels& kernels = motion_kernels();
  const int64_t pixels = height_ * width_;
  const int64_t strip_rows = std::max<int64_t>(1, kStripValues / width_);
  const bool starts = !has_background_ && collected_ > 0;
  for (int64_t top = 0; top < height_ && collected_ > 0; top += strip_rows) {
    const int64_t bottom = std::min(height_, top + strip_rows);
    for (int64_t t = 0; t < collected_; ++t) {
      for (int64_t y = top; y < bottom; ++y) {
        const uint8_t* const grey = blurred_.data() + t * pixels + y * width_;
        double* const background = background_.data() + y * width_;
        BitImage& raw = raw_[static_cast<std::size_t>(t)];
        if (starts && t == 0) {
          for (int64_t x = 0; x < width_; ++x) background[x] = grey[x];
          std::fill_n(raw.row(y), raw.words_per_row, 0);
          continue;
        }
        const int64_t fused =
            std::clamp<int64_t>(pixels - pixels % kFusedStep - y * width_, 0, width_);
        kernels.update_background(grey, fused, static_cast<float>(threshold_), background,
                                  fired_.data());
        update_leftover(grey + fused, width_ - fused, threshold_, background + fused,
                        fired_.data() + fused);
        pack_row(fired_.data(), raw.words_per_row, raw.row(y));
      }
    }
  }
  for (int64_t t = 0; t < collected_; ++t) {
    BitImage& image = raw_[static_cast<std::size_t>(t)];
    open_and_close(image, scratch_);
    sink_(image);
  }
  has_background_ = has_background_ || collected_ > 0;
  collected_ = 0;
}

}  // namespace physprobe
