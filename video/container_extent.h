#pragma once
// What a container's own structure says about the length of its file, read without FFmpeg: the
// demuxers play whatever is there and never mention that a file has lost its tail. Internal to
// `video/`.

#include "physprobe/core/input_file.h"

#include <optional>
#include <string>

namespace physprobe {

/// A sentence saying how the file falls short of what its container declares (ISO media boxes,
/// Matroska's segment, RIFF), nullopt if it does not, declares nothing, or is of another kind.
std::optional<std::string> find_truncation(const InputFile& file);

/// True for an ISO media file (MP4, MOV) without any `moov` box: its index is lost.
bool lacks_mp4_index(const InputFile& file);

}  // namespace physprobe
