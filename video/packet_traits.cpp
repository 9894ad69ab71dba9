#include "physprobe/video/packet_traits.h"

#include "physprobe/video/h264_units.h"

#include <cstdint>

namespace physprobe {
namespace {

/// True if the first slice of an H.264 access unit is of an IDR picture. `length_size` is the width
/// of the length before each NAL unit, 0 for start codes.
bool starts_with_idr(const uint8_t* data, int64_t size, int length_size) {
  int64_t at = 0;
  while (at < size) {
    int64_t next = size;
    if (length_size > 0) {
      if (at + length_size >= size) return false;
      int64_t length = 0;
      for (int i = 0; i < length_size; ++i) length = length << 8 | data[at + i];
      at += length_size;
      next = at + length;
    } else {
      while (at + 3 < size && !(data[at] == 0 && data[at + 1] == 0 && data[at + 2] == 1)) ++at;
      at += 3;
      next = at;
    }
    if (at >= size) return false;
    const H264Unit unit = h264_unit(data[at]);
    if (unit != H264Unit::kOther) return unit == H264Unit::kIdrSlice;
    at = next;
  }
  return false;
}

}  // namespace

bool is_exact_entry(const AVPacket& packet, const AVCodecParameters& parameters) {
  if ((packet.flags & AV_PKT_FLAG_KEY) == 0) return false;
  if (parameters.codec_id != AV_CODEC_ID_H264) return true;
  return starts_with_idr(packet.data, packet.size, h264_length_size(parameters));
}

bool shows_picture(const AVPacket& packet, const AVCodecParameters& parameters) {
  if (packet.size < 1) return true;
  const uint8_t first = packet.data[0];
  if (parameters.codec_id == AV_CODEC_ID_VP8) return (first & 0x10) != 0;  // RFC 6386, 9.1
  if (parameters.codec_id == AV_CODEC_ID_VP9) {
    const bool is_superframe = (packet.data[packet.size - 1] & 0xE0) == 0xC0;
    if (is_superframe) return true;
    // Bits from the top: marker (2), profile (2, plus a reserved one in profile 3), show_existing,
    // type, show.
    const int reserved = (first & 0x30) == 0x30 ? 1 : 0;
    const bool shows_existing = (first >> (3 - reserved) & 1) != 0;
    const bool shows = reserved == 0 ? (first >> 1 & 1) != 0 : (first & 1) != 0;
    return shows_existing || shows;
  }
  return true;
}

}  // namespace physprobe
