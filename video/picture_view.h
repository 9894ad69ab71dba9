#pragma once
// A picture somebody else owns.

#include <cstdint>

namespace physprobe {

struct PictureView {
  const uint8_t* rgb = nullptr;  ///< (height, width, 3) uint8 RGB.
  int64_t height = 0;
  int64_t width = 0;
  int64_t row_bytes = 0;  ///< From one row to the next, at least 3 * width.
};

}  // namespace physprobe
