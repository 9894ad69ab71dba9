#pragma once
// What the first bytes of a packet say that container flags get wrong: whether decoding may start
// there with exact results, and whether it shows a picture at all. Internal to `video/`.

#include "physprobe/video/ffmpeg_handles.h"

namespace physprobe {

/// True if decoding from this packet gives the same pictures as decoding from the start of the
/// stream. Container key flags are trusted except for H.264, where they also mark recovery points
/// (open groups of pictures, periodic intra refresh): there only an IDR picture resets the decoder.
bool is_exact_entry(const AVPacket& packet, const AVCodecParameters& parameters);

/// False for packets that only update references (VP8 and VP9 alternate reference frames).
bool shows_picture(const AVPacket& packet, const AVCodecParameters& parameters);

}  // namespace physprobe
