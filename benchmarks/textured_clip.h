#pragma once
// A video to be decoded in benchmarks. Internal to them.

#include <cstdint>
#include <string>

namespace physprobe {

/// Writes a textured, moving clip of `frames` frames of this size.
void write_textured_clip(const std::string& path, int64_t width, int64_t height, int64_t frames);

}  // namespace physprobe
