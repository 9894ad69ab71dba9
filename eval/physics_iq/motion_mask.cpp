#include "physprobe/eval/physics_iq/motion_mask.h"

#include "physprobe/eval/physics_iq/motion_kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace physprobe {
namespace {

constexpr int64_t kBorder = 2;
constexpr int64_t kKernelRows = 2 * kBorder + 1;
constexpr int64_t kWordBits = 64;
constexpr int64_t kBatchBytes = int64_t{17} << 20;  // two frames at 3840x2160
// OpenCV's vector code takes the picture as one row in steps of 32 pixels and leaves the rest to
// scalar code, which rounds both products.
constexpr int64_t kFusedStep = 32;

/// Mirrored at the edges without repeating them; `size` 1 has nothing to mirror.
int64_t mirrored(int64_t index, int64_t size) {
  if (size == 1) return 0;
  while (index < 0 || index >= size) index = index < 0 ? -index : 2 * size - 2 - index;
  return index;
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

uint64_t last_word_mask(int64_t width) {
  const int64_t used = width % kWordBits;
  return used == 0 ? ~uint64_t{0} : (uint64_t{1} << used) - 1;
}

/// Each bit becomes the AND of its 5x5 neighbours (erosion) or the OR of its 9x9 neighbours
/// (dilation), in place; what lies outside the picture is ignored. `scratch` takes the horizontal
/// pass.
template <bool is_erosion>
void morph(BitImage& image, BitImage& scratch) {
  const MotionKernels& kernels = motion_kernels();
  constexpr int64_t kReach = is_erosion ? 2 : 4;
  constexpr uint64_t kOutside = is_erosion ? ~uint64_t{0} : 0;
  const int64_t words = image.words_per_row;
  const uint64_t last_mask = last_word_mask(image.width);
  std::vector<uint64_t> padded(static_cast<std::size_t>(words + 2), kOutside);
  for (int64_t y = 0; y < image.height; ++y) {
    uint64_t* const row = padded.data() + 1;
    std::copy_n(image.row(y), words, row);
    row[words - 1] |= kOutside & ~last_mask;
    (is_erosion ? kernels.erode_row : kernels.dilate_row)(row, words, scratch.row(y));
    scratch.row(y)[words - 1] &= last_mask;
  }
  const uint64_t* rows[2 * kReach + 1];
  for (int64_t y = 0; y < image.height; ++y) {
    // A row at the edge stands for those outside: once more it changes neither an AND nor an OR.
    for (int64_t i = 0; i <= 2 * kReach; ++i)
      rows[i] = scratch.row(std::clamp<int64_t>(y + i - kReach, 0, image.height - 1));
    (is_erosion ? kernels.intersect_rows : kernels.unite_rows)(rows, words, image.row(y));
  }
}

/// MotionKernels::update_background for the pixels that OpenCV's vector code leaves over.
void update_leftover(const uint8_t* grey,
                     int64_t begin,
                     int64_t end,
                     int threshold,
                     double* background,
                     uint64_t* fired) {
  for (int64_t x = begin; x < end; ++x) {
    background[x] = 0.7 * background[x] + 0.3 * grey[x];
    const float rounded = std::nearbyint(static_cast<float>(background[x]));
    const bool fires =
        std::abs(static_cast<float>(grey[x]) - rounded) > static_cast<float>(threshold);
    const uint64_t bit = uint64_t{1} << (x % kWordBits);
    fired[x / kWordBits] = fires ? fired[x / kWordBits] | bit : fired[x / kWordBits] & ~bit;
  }
}

int64_t frames_in_a_batch(int64_t height, int64_t width) {
  return std::clamp<int64_t>(kBatchBytes / std::max<int64_t>(1, height * width), 1,
                             MotionKernels::kMostFrames);
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
  morph<false>(image, scratch);  // twice 5x5 in a row is once 9x9
  morph<true>(image, scratch);
}

MotionMasker::MotionMasker(int64_t height, int64_t width, int threshold, Sink sink)
    : height_(height),
      width_(width),
      threshold_(threshold),
      sink_(std::move(sink)),
      batch_frames_(frames_in_a_batch(height, width)),
      blurred_(static_cast<std::size_t>((batch_frames_ - 1) * height * width)),
      last_row_(static_cast<std::size_t>(width)),
      background_(static_cast<std::size_t>(height * width)),
      grey_rows_(static_cast<std::size_t>(kKernelRows * (width + 2 * kBorder))),
      sums_(static_cast<std::size_t>(width + 2 * kBorder)),
      raw_(static_cast<std::size_t>(batch_frames_), BitImage(height, width)),
      scratch_(height, width) {}

void MotionMasker::push(const uint8_t* rgb) {
  push_rows(rgb, 3 * width_, height_);
}

void MotionMasker::push_rows(const uint8_t* rgb, int64_t row_bytes, int64_t rows) {
  const MotionKernels& kernels = motion_kernels();
  const int64_t padded = width_ + 2 * kBorder;
  for (int64_t i = 0; i < rows; ++i) {
    uint8_t* const row = grey_rows_.data() + grey_made_++ % kKernelRows * padded;
    kernels.grey_row(rgb + i * row_bytes, width_, row + kBorder);
    for (int64_t x = 1; x <= kBorder; ++x) {
      row[kBorder - x] = row[kBorder + mirrored(-x, width_)];
      row[kBorder + width_ - 1 + x] = row[kBorder + mirrored(width_ - 1 + x, width_)];
    }
    while (blurred_made_ < height_ &&
           (blurred_made_ + kBorder < grey_made_ || grey_made_ == height_))
      blur_row(blurred_made_++);
  }
  if (grey_made_ < height_) return;
  grey_made_ = 0;
  blurred_made_ = 0;
  if (++collected_ == batch_frames_) hand_out();
}

void MotionMasker::blur_row(int64_t y) {
  const uint8_t* rows[kKernelRows];
  for (int64_t i = 0; i < kKernelRows; ++i)
    rows[i] = grey_rows_.data() +
              mirrored(y + i - kBorder, height_) % kKernelRows * (width_ + 2 * kBorder);
  motion_kernels().blur_row(rows, width_, sums_.data(), blurred_row(collected_, y));
  if (collected_ + 1 == batch_frames_) update_row(y, batch_frames_);
}

uint8_t* MotionMasker::blurred_row(int64_t frame, int64_t y) {
  return frame + 1 == batch_frames_ ? last_row_.data()
                                    : blurred_.data() + (frame * height_ + y) * width_;
}

/// Moves one row of the background on by the first `collected` frames of the batch, in order.
void MotionMasker::update_row(int64_t y, int64_t collected) {
  // The first frame is the background.
  const int64_t first = has_background_ ? 0 : 1;
  const int64_t pixels = height_ * width_;
  const uint8_t* grey[MotionKernels::kMostFrames] = {};
  uint64_t* fired[MotionKernels::kMostFrames] = {};
  double* const background = background_.data() + y * width_;
  for (int64_t t = 0; t < collected; ++t) {
    const uint8_t* const row = blurred_row(t, y);
    uint64_t* const words = raw_[static_cast<std::size_t>(t)].row(y);
    std::fill_n(words, scratch_.words_per_row, 0);
    if (t < first) {
      std::copy_n(row, width_, background);
    } else {
      grey[t - first] = row;
      fired[t - first] = words;
    }
  }
  const int64_t frames = collected - first;
  const int64_t fused = std::clamp<int64_t>(pixels - pixels % kFusedStep - y * width_, 0, width_);
  motion_kernels().update_background(grey, frames, fused, threshold_, background, fired);
  for (int64_t t = 0; t < frames; ++t)
    update_leftover(grey[t], fused, width_, threshold_, background, fired[t]);
}

void MotionMasker::finish() {
  // A batch that stayed unfinished has no last frame: all of its frames are held.
  for (int64_t y = 0; y < height_ && collected_ > 0; ++y) update_row(y, collected_);
  hand_out();
}

void MotionMasker::hand_out() {
  for (int64_t t = 0; t < collected_; ++t) {
    BitImage& image = raw_[static_cast<std::size_t>(t)];
    open_and_close(image, scratch_);
    sink_(image);
  }
  has_background_ = has_background_ || collected_ > 0;
  collected_ = 0;
}

}  // namespace physprobe
