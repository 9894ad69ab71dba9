#pragma once
// Walks the elements of a Matroska or WebM file without FFmpeg, whose demuxer skips to the next
// place that makes sense and never mentions what was lost in between. Internal to `video/`.

#include "physprobe/core/input_file.h"

#include <optional>
#include <string>

namespace physprobe {

/// A sentence saying where the file's elements stop fitting into each other or contradict their
/// checksums, or that it ends before its segment does; nullopt if the structure is whole, or the
/// file is no Matroska file.
std::optional<std::string> find_matroska_damage(const InputFile& file);

}  // namespace physprobe
