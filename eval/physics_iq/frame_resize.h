#pragma once
// Shrinking to the size at which Physics-IQ compares: bilinear on 8-bit data with half-pixel
// centres and without antialiasing, OpenCV's arithmetic.

#include <cstdint>
#include <vector>

namespace physprobe {

/// A pixel of a resized mask is set above this, as the evaluator has it.
inline constexpr int kMaskSetAbove = 127;

/// (height, width, channels) -> (out_height, out_width, channels), packed.
void resize_for_metrics(const uint8_t* image,
                        int64_t height,
                        int64_t width,
                        int channels,
                        uint8_t* out,
                        int64_t out_height,
                        int64_t out_width);

/// resize_for_metrics of RGB frames that come in bands of rows. Shrinking by four exactly, which is
/// the rule, needs no memory for the frame.
class FrameShrinker {
 public:
  FrameShrinker(int64_t height, int64_t width, int64_t out_height, int64_t out_width);

  /// Rows from `first_row` on, a multiple of 4; the bands of a frame come from top to bottom.
  void push_rows(const uint8_t* rgb, int64_t row_bytes, int64_t first_row, int64_t rows);
  /// (out_height, out_width, 3), once all rows of a frame have been pushed.
  const uint8_t* frame();

 private:
  int64_t height_, width_, out_height_, out_width_;
  bool is_quarter_;
  std::vector<uint8_t> whole_;  // what cannot be shrunk row by row
  std::vector<uint8_t> small_;
};

}  // namespace physprobe
