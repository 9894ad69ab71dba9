#pragma once
// What a container's header leaves open of an H.264 stream, from its first packet alone. Internal
// to `video/`.

#include "physprobe/video/ffmpeg_handles.h"

#include <cstdint>

namespace physprobe {

/// True if the header of `container` says of its videos how long they are and how fast they play,
/// so that `describe_by_first_packet` is all that is missing: MP4 with H.264 and without fragments.
bool is_described_but_for_pictures(const AVFormatContext& container);

/// Fills in pixel format and colour range of `parameters` as `avformat_find_stream_info` does,
/// which decodes whole pictures for them (19 ms at 1024x576, 250 ms at 3840x2160): here a decoder
/// sees the begin of the first slice only. `first` is the stream's first packet. False, and nothing
/// changed, where one packet does not tell: it cannot be read, its pictures are not of the size in
/// the header, or they may be fields.
bool describe_by_first_packet(const AVPacket& first,
                              int64_t max_pixels,
                              AVCodecParameters& parameters);

}  // namespace physprobe
