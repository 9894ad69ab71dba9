#pragma once
// How many frames the tables of an ISO media file (MP4, MOV) announce, and how many they really
// describe. FFmpeg plays what the smallest table allows and reports what another one claims.
// Internal to `video/`.

#include "physprobe/core/input_file.h"

#include <optional>
#include <string>

namespace physprobe {

/// A sentence saying that track `track` (from 0, tracks of any kind counted) announces more frames
/// than its tables describe; nullopt if they agree, or if the file has no such track.
std::optional<std::string> find_overclaimed_frames(const InputFile& file, int track);

}  // namespace physprobe
