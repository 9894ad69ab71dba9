#pragma once
// Motion masks of one clip, one bit per pixel: small enough to keep for every frame of a view.

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

class MaskStack {
 public:
  static constexpr int64_t kWordBits = 64;

  MaskStack() = default;
  MaskStack(int64_t height, int64_t width);

  /// Appends a frame of height * width bytes; a pixel is set where the byte is above `threshold`.
  void append(const uint8_t* mask, int threshold = 0);
  /// Appends a frame of ready-made words, words_per_frame() of them.
  void append_words(const uint64_t* words);
  /// Makes room for this many frames in all, so that appending them moves nothing.
  void reserve(int64_t frames);

  int64_t frames() const { return frames_; }
  int64_t height() const { return height_; }
  int64_t width() const { return width_; }
  int64_t words_per_frame() const { return words_per_frame_; }
  /// Bits in row-major order, least significant first; bits past the last pixel are 0.
  const uint64_t* frame(int64_t index) const { return words_.data() + index * words_per_frame_; }
  bool at(int64_t index, int64_t y, int64_t x) const;

  /// Number of pixels set in a frame.
  int64_t area(int64_t index) const;
  /// In how many frames each pixel is set, (height * width).
  std::vector<int32_t> counts() const;
  /// The first `count` frames, or all.
  MaskStack first(int64_t count) const;
  /// The same masks shown `count` frames later, empty before; as many frames.
  MaskStack delayed(int64_t count) const;

  /// As bytes (sizes and words), and back; Error(kInput) naming `subject` if they do not fit.
  std::string serialise() const;
  static MaskStack deserialise(const std::string& bytes, const std::string& subject);

 private:
  int64_t height_ = 0;
  int64_t width_ = 0;
  int64_t frames_ = 0;
  int64_t words_per_frame_ = 0;
  std::vector<uint64_t> words_;
};

/// Throws Error(kInternal) unless both have the same shape.
void require_same_shape(const MaskStack& a, const MaskStack& b);

}  // namespace physprobe
