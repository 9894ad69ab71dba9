#pragma once
// VideoReader for media files, through FFmpeg. Internal to `video/`.

#include <memory>
#include <string>

#include "physprobe/video/video_reader.h"

namespace physprobe {

std::unique_ptr<VideoReader> open_video_file(const std::string& path, const VideoOptions& options);

}  // namespace physprobe
