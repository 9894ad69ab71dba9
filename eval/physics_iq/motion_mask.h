#pragma once
// The motion masks of Physics-IQ (Motamed et al. 2025; the evaluator's `generate_binary_masks`): a
// pixel moves where it differs from a running background, cleaned by opening and closing. Exact to
// the evaluator in integers, several frames at a time, so that the background in double is loaded
// once for all of them.

#include <cstdint>
#include <functional>
#include <vector>

namespace physprobe {

/// A binary picture, rows of whole 64-bit words, least significant bit first; bits past the width
/// are 0.
struct BitImage {
  int64_t height = 0;
  int64_t width = 0;
  int64_t words_per_row = 0;
  std::vector<uint64_t> words;

  BitImage() = default;
  BitImage(int64_t height, int64_t width);
  uint64_t* row(int64_t y) { return words.data() + y * words_per_row; }
  const uint64_t* row(int64_t y) const { return words.data() + y * words_per_row; }
  /// 255 where set, 0 elsewhere; height * width bytes.
  void to_bytes(uint8_t* out) const;
};

/// Opening, then closing, each once, with a 5x5 square; pixels outside the picture are ignored.
void open_and_close(BitImage& image, BitImage& scratch);

/// Feeds on the frames of one clip, in order.
class MotionMasker {
 public:
  static constexpr int kOfficialThreshold = 10;
  using Sink = std::function<void(const BitImage&)>;  ///< One mask per frame, in order.

  /// `threshold` is in grey levels; a mask fires strictly above it.
  MotionMasker(int64_t height, int64_t width, int threshold, Sink sink);

  /// (height, width, 3) packed RGB.
  void push(const uint8_t* rgb);
  /// The next rows of a frame from top to bottom, `row_bytes` from one to the next; the frame is
  /// complete with its last row.
  void push_rows(const uint8_t* rgb, int64_t row_bytes, int64_t rows);
  /// Hands out the masks of frames still held back. Call once, after the last frame.
  void finish();

 private:
  void blur_row(int64_t y);
  uint8_t* blurred_row(int64_t frame, int64_t y);
  void update_row(int64_t y, int64_t collected);
  void hand_out();

  int64_t height_;
  int64_t width_;
  int threshold_;
  Sink sink_;
  int64_t batch_frames_;            // frames by which the background moves on at a time
  std::vector<uint8_t> blurred_;    // (batch_frames_ - 1, height, width)
  std::vector<uint8_t> last_row_;   // of the batch's last frame, which is used as it comes
  std::vector<double> background_;  // (height, width)
  std::vector<uint8_t> grey_rows_;  // five padded rows
  std::vector<uint16_t> sums_;
  std::vector<BitImage> raw_;  // (batch_frames_)
  BitImage scratch_;
  int64_t grey_made_ = 0;     // rows of the frame that is coming in; row y lies in slot y % 5
  int64_t blurred_made_ = 0;  // rows of it blurred so far
  int64_t collected_ = 0;     // whole frames of the batch
  bool has_background_ = false;
};

}  // namespace physprobe
