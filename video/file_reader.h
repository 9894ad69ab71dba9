#pragma once
// VideoReader for media files, through FFmpeg. Internal to `video/`.

#include "physprobe/video/frame_reader.h"

#include <memory>
#include <string>

namespace physprobe {

std::unique_ptr<FrameReader> open_video_file(const std::string& path, const VideoOptions& options);

}  // namespace physprobe
