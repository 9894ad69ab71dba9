#pragma once
// Full-size motion masks shrunk to the size of the metrics: bilinear without antialiasing on 0 and
// 255, then cut at > 127, as the evaluator does with the masks it reads.

#include "physprobe/eval/physics_iq/mask_stack.h"
#include "physprobe/eval/physics_iq/motion_mask.h"

#include <cstdint>
#include <vector>

namespace physprobe {

class MaskShrinker {
 public:
  /// From masks of (in_height, in_width) to (height, width).
  MaskShrinker(int64_t in_height, int64_t in_width, int64_t height, int64_t width);
  /// Shrinks `mask` and appends it to `stack`, which has the smaller size.
  void append(const BitImage& mask, MaskStack& stack);

 private:
  void quarter(const BitImage& mask);

  int64_t in_height_, in_width_;
  int64_t height_, width_;
  bool is_quarter_;              // by four exactly: done on the bits
  std::vector<uint64_t> words_;  // one small mask
  std::vector<uint8_t> bytes_, small_;
};

}  // namespace physprobe
