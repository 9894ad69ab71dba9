#pragma once
// The few facts about an H.264 bit stream (ITU-T H.264, 7.3.1 and 7.4.1) that are needed without
// decoding it. Internal to `video/`.

#include "physprobe/video/ffmpeg_handles.h"

#include <cstdint>

namespace physprobe {

enum class H264Unit { kSlice = 1, kIdrSlice = 5, kOther };

inline H264Unit h264_unit(uint8_t first_byte) {
  const int type = first_byte & 0x1F;
  return type == static_cast<int>(H264Unit::kSlice)      ? H264Unit::kSlice
         : type == static_cast<int>(H264Unit::kIdrSlice) ? H264Unit::kIdrSlice
                                                         : H264Unit::kOther;
}

/// Bytes of the length before each unit, as MP4 and Matroska store it; 0 where start codes part
/// them.
inline int h264_length_size(const AVCodecParameters& parameters) {
  const bool is_avcc = parameters.extradata_size > 4 && parameters.extradata[0] == 1;
  return is_avcc ? (parameters.extradata[4] & 3) + 1 : 0;
}

}  // namespace physprobe
